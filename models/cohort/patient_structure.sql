-- From the catalog alone, so that it can be told of a schema in whatever state it is. Definitions are spelled as
-- PostgreSQL does with the patient's schema in front of the search path, hence without its name.
-- Everything is looked up through an index, from the names of the specification on: to read a catalog whole would take
-- longer with each patient there is. OFFSET 0 keeps the planner from doing so, whatever its statistics say.
-- No name here is bound to the patient's schema, so that one plan serves all patients: see cohort_function.
-- depends_on: {{ ref('cancer_transcript_base') }}, which is the last that a build makes
with

here as materialized (

    select set_config('search_path', patient_schema, true) as schema_name

),

expected as (

    select * from {{ ref('patient_structure_spec') }}

),

specified as (

    select distinct relation from expected

),

relations as materialized (

    select
        classes.oid,
        classes.relname,
        classes.relkind,
        classes.reloptions
    from here
    cross join specified
    cross join
        lateral (
            select pg_class.* from pg_class
            where pg_class.relname = specified.relation and pg_class.relnamespace = to_regnamespace(here.schema_name)
            offset 0 -- noqa: AM09
        ) as classes
    where classes.relkind in ('r', 'p', 'v', 'm', 'f')

),

found as (

    select
        relname as relation, -- noqa: RF04
        'relation' as kind,
        relname as name, -- noqa: RF04 -- noqa: RF04
        case relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' else 'neither' end
        || case when relkind = 'v' then coalesce(' with ' || array_to_string(reloptions, ', '), '') else '' end
            as definition
    from relations

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'column' as kind,
        cols.attname as name, -- noqa: RF04
        format_type(cols.atttypid, cols.atttypmod)
        || case when cols.attnotnull then ' not null' else '' end
        || coalesce(
            (
                select ' default ' || pg_get_expr(preset.adbin, preset.adrelid) from pg_attrdef as preset
                where cols.atthasdef and cols.attrelid = preset.adrelid and cols.attnum = preset.adnum
            ),
            ''
        ) as definition
    from relations
    cross join
        lateral (
            select pg_attribute.* from pg_attribute
            where pg_attribute.attrelid = relations.oid and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
            offset 0 -- noqa: AM09
        ) as cols

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'constraint' as kind,
        rules.conname as name, -- noqa: RF04
        pg_get_constraintdef(rules.oid) as definition
    from relations
    cross join
        lateral (
            select pg_constraint.* from pg_constraint
            where pg_constraint.conrelid = relations.oid and pg_constraint.contype in ('p', 'u', 'c', 'f')
            offset 0 -- noqa: AM09
        ) as rules

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'index' as kind,
        named.relname as name, -- noqa: RF04
        pg_get_indexdef(indexed.indexrelid, 0, true)
        || case when indexed.indisvalid then '' else ' INVALID' end as definition
    from relations
    cross join
        lateral (
            select pg_index.* from pg_index
            where pg_index.indrelid = relations.oid
            offset 0 -- noqa: AM09
        ) as indexed
    cross join
        lateral (
            select pg_class.relname from pg_class
            where pg_class.oid = indexed.indexrelid
            offset 0 -- noqa: AM09
        ) as named

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'trigger' as kind,
        fired.tgname as name, -- noqa: RF04
        pg_get_triggerdef(fired.oid, true)
        || case when fired.tgenabled in ('O', 'A') then '' else ' DISABLED' end as definition
    from relations
    cross join
        lateral (
            select pg_trigger.* from pg_trigger
            where pg_trigger.tgrelid = relations.oid and not pg_trigger.tgisinternal
            offset 0 -- noqa: AM09
        ) as fired

),

faults as (

    select
        expected.kind = 'index' as is_index,
        expected.kind || ' ' || expected.relation
        || case when expected.kind = 'relation' then '' else '.' || expected.name end
        || case when found.definition is null then ' is missing' else ' is not as specified' end as fault
    from expected
    left join found
        on
            expected.relation = found.relation
            and expected.kind = found.kind
            and expected.name = found.name
    where found.definition is distinct from expected.definition

),

by_kind as (

    select
        coalesce(array_agg(fault order by fault) filter (where not is_index), '{}') as structure_faults,
        coalesce(array_agg(fault order by fault) filter (where is_index), '{}') as index_faults
    from faults

)

select
    journal.patient_id,
    by_kind.structure_faults,
    by_kind.index_faults,
    to_regnamespace(journal.schema_name) is not null as has_schema,
    now() as checked_at
from here
inner join {{ source('migration', 'patient') }} as journal on here.schema_name = journal.schema_name
cross join by_kind
