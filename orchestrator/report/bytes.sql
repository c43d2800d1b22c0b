-- Bytes on disk by schema, with indexes and TOAST: of every patient, and of the core and what is beside it.
select
    pg_namespace.nspname as schema_name,
    coalesce(sum({bytes}), 0)::bigint as bytes
from pg_namespace
inner join pg_class on pg_namespace.oid = pg_class.relnamespace and pg_class.relkind in ('r', 'm')
where
    pg_namespace.nspname in ('public', 'legacy', 'migration', 'cohort', 'staging')
    or pg_namespace.nspname in (select schema_name from migration.patient)
group by pg_namespace.nspname
