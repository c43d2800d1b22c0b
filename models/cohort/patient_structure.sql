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
        || coalesce(' default ' || pg_get_expr(preset.adbin, preset.adrelid), '') as definition
    from relations
    inner join pg_attribute as cols on relations.oid = cols.attrelid
    left join pg_attrdef as preset on cols.attrelid = preset.adrelid and cols.attnum = preset.adnum
    where cols.attnum > 0 and not cols.attisdropped

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'constraint' as kind,
        rules.conname as name, -- noqa: RF04
        pg_get_constraintdef(rules.oid) as definition
    from relations
    inner join pg_constraint as rules on relations.oid = rules.conrelid
    where rules.contype in ('p', 'u', 'c', 'f')

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'index' as kind,
        named.relname as name, -- noqa: RF04
        pg_get_indexdef(indexed.indexrelid, 0, true)
        || case when indexed.indisvalid then '' else ' INVALID' end as definition
    from relations
    inner join pg_index as indexed on relations.oid = indexed.indrelid
    inner join pg_class as named on indexed.indexrelid = named.oid

    union all

    select
        relations.relname as relation, -- noqa: RF04
        'trigger' as kind,
        fired.tgname as name, -- noqa: RF04
        pg_get_triggerdef(fired.oid, true)
        || case when fired.tgenabled in ('O', 'A') then '' else ' DISABLED' end as definition
    from relations
    inner join pg_trigger as fired on relations.oid = fired.tgrelid
    where not fired.tgisinternal

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
from {{ source('migration', 'patient') }} as journal
cross join by_kind
where journal.schema_name = current_setting('search_path')
