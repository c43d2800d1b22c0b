-- What the catalog of one legacy database tells, without looking at a row of its tables.
with

schemas as (

    select oid, nspname
    from pg_namespace
    where nspname <> 'information_schema' and nspname !~ '^pg_'

),

of_extensions as (

    select classid, objid from pg_depend where deptype = 'e'

),

relations as (

    select
        pg_class.oid,
        pg_class.relkind,
        pg_class.relname,
        schemas.nspname,
        format('%%I.%%I', schemas.nspname, pg_class.relname) as name
    from pg_class
    inner join schemas on pg_class.relnamespace = schemas.oid
    where pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
        and (pg_class.tableoid, pg_class.oid) not in (select classid, objid from of_extensions)

),

objects (name) as (

    select case relkind
        when 'v' then 'view ' when 'm' then 'materialized view ' when 'f' then 'foreign table ' else 'table '
    end || name from relations
    union all
    select 'column ' || relations.name || '.' || pg_attribute.attname
    from relations
    inner join pg_attribute on pg_attribute.attrelid = relations.oid
    where relations.nspname = 'public' and relations.relname = 'cancer_transcript_base'
        and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    union all
    select format('function %%I.%%I(%%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid))
    from pg_proc
    inner join schemas on pg_proc.pronamespace = schemas.oid
    where (pg_proc.tableoid, pg_proc.oid) not in (select classid, objid from of_extensions)
    union all
    select format('type %%I.%%I', nspname, typname)
    from pg_type
    inner join schemas on pg_type.typnamespace = schemas.oid
    where pg_type.typtype in ('e', 'd', 'r')
        and (pg_type.tableoid, pg_type.oid) not in (select classid, objid from of_extensions)
    union all
    select format('trigger %%I on %%s', tgname, relations.name)
    from pg_trigger
    inner join relations on pg_trigger.tgrelid = relations.oid
    where not pg_trigger.tgisinternal
    union all
    select format('policy %%I on %%s', polname, relations.name)
    from pg_policy
    inner join relations on pg_policy.polrelid = relations.oid
    union all
    select format('event trigger %%I', evtname) from pg_event_trigger
    union all
    select format('extension %%I', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('schema %%I', nspname) from schemas where nspname <> 'public'

)

select
    array(select name from objects order by name collate "C") as objects,
    array(
        select name from relations
        where nspname = 'public' and relkind in ('r', 'p')
            and not exists (select from pg_index where indrelid = relations.oid and indisprimary)
        order by name collate "C"
    ) as without_key,
    (select max(last_autoanalyze) from pg_stat_user_tables) as autoanalyzed_at,
    (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables) as counted_writes,
    array(
        select relname::text
        from relations
        where nspname = 'public' and relkind in ('r', 'p') and current_setting('track_commit_timestamp')::boolean
    ) as with_commit_times,
    exists (
        select from pg_attribute
        where attrelid = to_regclass('public.transcripts') and attname = 'updated_at' and not attisdropped
            and atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
    ) as keeps_update_times,
    (
        select count(*) = 2 from pg_attribute
        where attrelid = to_regclass('public.genes') and attname in ('gene_id', 'gene_symbol') and not attisdropped
    ) as has_symbols
