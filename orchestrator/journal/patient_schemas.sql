-- Schemas of patients, and those in which dbt keeps rows of theirs that failed a test.
select pg_namespace.nspname::text
from migration.patient
inner join pg_namespace
    on pg_namespace.nspname in (patient.schema_name, 'audit_' || patient.schema_name)
order by pg_namespace.nspname collate "C"
