-- What a dump of this database should carry over: everything outside extensions that has a name of its own. Not null
-- constraints are left out, because only PostgreSQL 18 and newer list them.
with

schemas as (

    select oid, nspname from pg_namespace
    where not starts_with(nspname, 'pg_') and nspname <> 'information_schema'
        and not (nspname = any(%(excluded)s::text []))

),

of_extensions as (

    select classid, objid from pg_depend where deptype = 'e'

),

objects as (

    select 'extension' as kind, '' as schema_name, extname::text as name, 'pg_extension'::regclass as classid, oid
    from pg_extension
    where extname not in ('citus', 'citus_columnar') -- what is where, which a copy elsewhere does not have
    union all
    select
        case relations.relkind
            when 'r' then 'table' when 'p' then 'table' when 'f' then 'foreign table' when 'v' then 'view'
            when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type' else 'index'
        end,
        schemas.nspname, relations.relname, 'pg_class'::regclass, relations.oid
    from pg_class as relations
    inner join schemas on schemas.oid = relations.relnamespace
    where not exists ( -- what a failed CREATE INDEX CONCURRENTLY leaves is not dumped
        select from pg_index
        where pg_index.indexrelid = relations.oid and relations.relkind = 'i' and not pg_index.indisvalid
    )
    union all
    select 'function', schemas.nspname, proname || '(' || oidvectortypes(functions.proargtypes) || ')',
        'pg_proc'::regclass, functions.oid
    from pg_proc as functions
    inner join schemas on schemas.oid = functions.pronamespace
    union all
    select 'trigger', schemas.nspname, tables.relname || '.' || triggers.tgname, 'pg_trigger'::regclass, triggers.oid
    from pg_trigger as triggers
    inner join pg_class as tables on tables.oid = triggers.tgrelid
    inner join schemas on schemas.oid = tables.relnamespace
    where not triggers.tgisinternal
        and coalesce(to_jsonb(triggers) ->> 'tgparentid', '0') = '0' -- those of partitions, which 12 does not know
    union all
    select 'constraint', schemas.nspname, tables.relname || '.' || constraints.conname, 'pg_constraint'::regclass,
        constraints.oid
    from pg_constraint as constraints
    inner join pg_class as tables on tables.oid = constraints.conrelid
    inner join schemas on schemas.oid = tables.relnamespace
    where constraints.contype <> 'n' and constraints.conparentid = 0
    union all
    select 'policy', schemas.nspname, tables.relname || '.' || policies.polname, 'pg_policy'::regclass, policies.oid
    from pg_policy as policies
    inner join pg_class as tables on tables.oid = policies.polrelid
    inner join schemas on schemas.oid = tables.relnamespace
    union all
    select 'event trigger', '', evtname, 'pg_event_trigger'::regclass, oid
    from pg_event_trigger

)

select objects.kind, objects.schema_name, objects.name
from objects
where not exists (
    select from of_extensions
    where of_extensions.classid = objects.classid and of_extensions.objid = objects.oid
)
