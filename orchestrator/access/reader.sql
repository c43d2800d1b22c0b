-- Whether patients' readers can be let in at all, whether this one's role is there, and what it is to read. Relations are
-- found by what depends on their schema, which has an index: pg_class has none by schema, and GRANT ... ON ALL TABLES
-- reads it whole, four times, with the relations of all patients.
select
    coalesce((select has_table_privilege(oid, 'public.transcripts', 'select') from pg_roles where rolname = %(core)s), false),
    exists (select from pg_roles where rolname = %(reader)s),
    array(
        select relations.relname
        from pg_depend as of_schema
        inner join pg_class as relations on of_schema.objid = relations.oid
        where of_schema.refclassid = 'pg_namespace'::regclass
            and of_schema.refobjid = to_regnamespace(%(schema)s)
            and of_schema.classid = 'pg_class'::regclass
            and relations.relkind in ('r', 'p', 'v', 'm', 'f')
    )
