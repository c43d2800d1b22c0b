-- Bytes on disk of two groups of tables, by quoted names.
select
    (select coalesce(sum(pg_total_relation_size(name::regclass)), 0) from unnest(%(thin)s::text []) as name),
    (select coalesce(sum(pg_total_relation_size(name::regclass)), 0) from unnest(%(fat)s::text []) as name)
