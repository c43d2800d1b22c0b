-- Functions, procedures and aggregates that no extension brought. Names stand without schema where search_path leads to
-- them; {parsed_body} is for servers that know BEGIN ATOMIC.
select
    pg_catalog.format(
        '%%I.%%I(%%s)', namespace.nspname, routine.proname, pg_catalog.oidvectortypes(routine.proargtypes)
    ) as label,
    case routine.prokind
        when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' else 'window function'
    end as kind,
    namespace.nspname::text as schema,
    routine.proname::text as name,
    pg_catalog.oidvectortypes(routine.proargtypes) as types,
    pg_catalog.pg_get_function_arguments(routine.oid) as arguments,
    pg_catalog.pg_get_function_identity_arguments(routine.oid) as identity_arguments,
    pg_catalog.pg_get_function_result(routine.oid) as result,
    language.lanname::text as language,
    case when routine.prokind = 'f' then pg_catalog.concat_ws(
        ' ',
        case routine.provolatile when 'i' then 'IMMUTABLE' when 's' then 'STABLE' end,
        case routine.proparallel when 's' then 'PARALLEL SAFE' when 'r' then 'PARALLEL RESTRICTED' end,
        case when routine.proisstrict then 'STRICT' end,
        case when routine.proleakproof then 'LEAKPROOF' end,
        case when routine.procost <> 100 then pg_catalog.concat('COST ', routine.procost) end,
        case when routine.proretset and routine.prorows <> 1000 then pg_catalog.concat('ROWS ', routine.prorows) end
    ) else '' end as attributes,
    routine.prosecdef as is_definer,
    coalesce(routine.proconfig, '{{}}') as settings,
    routine.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as is_for_triggers,
    routine.prosrc as body,
    {parsed_body} as parsed_body,
    pg_catalog.obj_description(routine.oid, 'pg_proc') as comment
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_namespace as namespace on routine.pronamespace = namespace.oid
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
where namespace.nspname = any(%(schemas)s::text [])
    and not exists (
        select from pg_catalog.pg_depend
        where classid = 'pg_proc'::regclass and objid = routine.oid and deptype = 'e'
    )
order by namespace.nspname <> 'public', label
