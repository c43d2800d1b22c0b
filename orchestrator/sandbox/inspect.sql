-- Whether a database has the sandbox's mark, and whether it has any relation or function of its own.
-- Object ids below 16384 belong to initdb.
select
    exists (
        select from pg_namespace
        where nspname = 'public' and obj_description(oid, 'pg_namespace') = %(mark)s
    ) as is_marked,
    exists (select from pg_class where oid >= 16384) or exists (select from pg_proc where oid >= 16384)
        as has_objects;
