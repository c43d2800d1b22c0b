-- Size on disk of these databases as far as they are there, under their names or the ones that a drop gives them.
select coalesce(sum(pg_database_size(oid)), 0)::bigint
from pg_database
where datname = any(%(names)s::text []) or starts_with(datname, 'mediabase_dropping_')
