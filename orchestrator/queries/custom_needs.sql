-- What views and routines need, as the server itself knows it: relations with the column, and routines. Whoever takes or
-- returns rows of a relation needs that relation.
with

labels as (

    select
        'pg_class'::regclass as classid,
        relation.oid,
        pg_catalog.format('%%I.%%I', namespace.nspname, relation.relname) as label
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
    where namespace.nspname = any(%(schemas)s::text []) and relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select
        'pg_proc'::regclass,
        routine.oid,
        pg_catalog.format(
            '%%I.%%I(%%s)', namespace.nspname, routine.proname, pg_catalog.oidvectortypes(routine.proargtypes)
        )
    from pg_catalog.pg_proc as routine
    inner join pg_catalog.pg_namespace as namespace on routine.pronamespace = namespace.oid
    where namespace.nspname = any(%(schemas)s::text [])

),

needs as (

    select
        coalesce(rule.ev_class, dependency.objid) as oid,
        case when rule.oid is null then dependency.classid else 'pg_class'::regclass end as classid,
        coalesce(row_type.typrelid, dependency.refobjid) as needed_oid,
        case when row_type.oid is null then dependency.refclassid else 'pg_class'::regclass end as needed_classid,
        case when row_type.oid is null then dependency.refobjsubid else 0 end as needed_column
    from pg_catalog.pg_depend as dependency
    left join pg_catalog.pg_rewrite as rule
        on dependency.classid = 'pg_rewrite'::regclass and dependency.objid = rule.oid and rule.rulename = '_RETURN'
    left join pg_catalog.pg_type as named on dependency.refclassid = 'pg_type'::regclass and dependency.refobjid = named.oid
    left join pg_catalog.pg_type as row_type
        on row_type.oid in (named.oid, named.typelem) and row_type.typrelid <> 0
    where dependency.deptype = 'n'

)

select distinct
    dependent.label,
    needed.label as needed,
    attname::text as needed_column
from needs
inner join labels as dependent on needs.classid = dependent.classid and needs.oid = dependent.oid
inner join labels as needed on needs.needed_classid = needed.classid and needs.needed_oid = needed.oid
left join pg_catalog.pg_attribute
    on needs.needed_classid = 'pg_class'::regclass and attrelid = needs.needed_oid and attnum = needs.needed_column
        and attnum > 0
where dependent.label <> needed.label
order by 1, 2, 3
