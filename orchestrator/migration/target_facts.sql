-- What the target database has and allows this role, as far as a migration meets it. Names are looked up in the
-- catalog, because to_regclass fails in a schema that this role may not use.
with

relations as (

    select
        nspname,
        relname::text,
        pg_has_role(relowner, 'usage') as is_ours,
        has_table_privilege(pg_class.oid, 'select') as may_be_read,
        nspname = 'public' and relname = any(%(core_tables)s) as is_of_the_core
    from pg_class inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where relkind in ('r', 'p')

)

select
    has_database_privilege(current_database(), 'create') as may_create_schemas,
    has_schema_privilege('public', 'create') as may_create_in_public,
    (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as may_create_roles,
    exists (select from relations where nspname = 'migration' and relname = 'patient') as has_journal,
    array(
        select format('%%I.%%I', nspname, relname) from relations
        where nspname in ('staging', 'migration') and not is_ours
        union all
        select format('schema %%I', nspname)
        from pg_namespace
        where nspname in ('staging', 'migration', 'cohort') and not pg_has_role(nspowner, 'usage')
        order by 1
    ) as journal_of_others,
    array(
        select attname::text
        from pg_attribute
        inner join pg_class on attrelid = pg_class.oid and relname = 'schema_versions'
        inner join pg_namespace on relnamespace = pg_namespace.oid and nspname = 'public'
        where attnum > 0 and not attisdropped and case
            when attname in ('version', 'version_name') then atttypid = 'varchar'::regtype and atttypmod between 4 and 18
            else attnotnull and not atthasdef and attidentity = ''
        end
        order by attname
    ) as narrow_versions,
    array(select relname from relations where is_of_the_core and not may_be_read order by relname) as unreadable_tables,
    array(select relname from relations where is_of_the_core and not is_ours order by relname) as tables_of_others,
    array(
        select nspname::text
        from pg_namespace
        where starts_with(nspname, 'patient_')
            and (oid in (select relnamespace from pg_class) or not has_schema_privilege(oid, 'create'))
    ) as patient_schemas,
    exists (
        select from relations where nspname = 'public' and relname = 'cancer_transcript_base'
    ) as has_legacy_table,
    array(
        select evtname::text
        from pg_event_trigger
        where evtenabled <> 'D'
            and not exists (
                select from pg_depend
                where classid = pg_event_trigger.tableoid and objid = pg_event_trigger.oid and deptype = 'e'
            )
        order by 1
    ) as event_triggers,
    case
        when datcollversion is distinct from pg_database_collation_actual_version(oid) then datcollversion
    end as outdated_collation
from pg_database
where datname = current_database()
