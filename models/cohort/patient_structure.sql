-- From the catalog alone, so that it can be told of a schema in whatever state it is. Definitions are spelled as
-- PostgreSQL does with the patient's schema in front of the search path, hence without its name.
-- depends_on: {{ ref('cancer_transcript_base') }}, which is the last that a build makes
with

expected as (

    select * from {{ ref('patient_structure_spec') }}

),

relations as (

    select
        oid,
        relname,
        relkind,
        reloptions
    from pg_class
    where relnamespace = to_regnamespace(current_setting('search_path')) and relkind in ('r', 'p', 'v', 'm', 'f')

),

found as (

    select
        relname as relation, -- noqa: RF04
        'relation' as kind,
        relname as name,
        case relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' else 'neither' end
        || case when relkind = 'v' then coalesce(' with ' || array_to_string(reloptions, ', '), '') else '' end
            as definition
    from relations

    union all

    select
        relations.relname,
        'column',
        columns.attname,
        format_type(columns.atttypid, columns.atttypmod)
        || case when columns.attnotnull then ' not null' else '' end
        || coalesce(' default ' || pg_get_expr(defaults.adbin, defaults.adrelid), '')
    from relations
    inner join pg_attribute as columns on relations.oid = columns.attrelid
    left join pg_attrdef as defaults on columns.attrelid = defaults.adrelid and columns.attnum = defaults.adnum
    where columns.attnum > 0 and not columns.attisdropped

    union all

    select
        relations.relname,
        'constraint',
        constraints.conname,
        pg_get_constraintdef(constraints.oid)
    from relations
    inner join pg_constraint as constraints on relations.oid = constraints.conrelid
    where constraints.contype in ('p', 'u', 'c', 'f')

    union all

    select
        relations.relname,
        'index',
        names.relname,
        pg_get_indexdef(indexes.indexrelid, 0, true) || case when indexes.indisvalid then '' else ' INVALID' end
    from relations
    inner join pg_index as indexes on relations.oid = indexes.indrelid
    inner join pg_class as names on indexes.indexrelid = names.oid

    union all

    select
        relations.relname,
        'trigger',
        triggers.tgname,
        pg_get_triggerdef(triggers.oid, true) || case when triggers.tgenabled in ('O', 'A') then '' else ' DISABLED' end
    from relations
    inner join pg_trigger as triggers on relations.oid = triggers.tgrelid
    where not triggers.tgisinternal

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

)

select
    journal.patient_id,
    to_regnamespace(journal.schema_name) is not null as has_schema,
    coalesce((select array_agg(fault order by fault) from faults where not is_index), '{}') as structure_faults,
    coalesce((select array_agg(fault order by fault) from faults where is_index), '{}') as index_faults,
    now() as checked_at
from {{ source('migration', 'patient') }} as journal
where journal.schema_name = current_setting('search_path')
