-- Every patient of the journal with what schema cohort says of it; sizes are the catalog's.
with

sizes as (

    select
        pg_namespace.nspname as schema_name,
        sum({bytes})::bigint as schema_bytes
    from pg_namespace
    inner join migration.patient on pg_namespace.nspname = patient.schema_name
    inner join pg_class on pg_namespace.oid = pg_class.relnamespace
    where pg_class.relkind = 'r'
    group by pg_namespace.nspname

),

facts as (

    select
        patient_id,
        to_jsonb(found) ->> 'cancer_type' as cancer_type, -- the facts may be older than these
        to_jsonb(found) ->> 'cancer_subtype' as cancer_subtype,
        to_jsonb(found) ->> 'file_format' as file_format
    from {facts} as found

),

patients as (

    select
        *,
        coalesce(to_jsonb(patient) ->> 'legacy_system' = 'file', false) as is_imported
    from migration.patient

)

select
    patients.patient_id,
    patients.state,
    patients.source_database as source,
    patients.is_imported,
    facts.cancer_type,
    facts.cancer_subtype,
    patients.stored_rows,
    patients.baseline_rows,
    patients.quarantined_rows,
    sizes.schema_bytes,
    patients.published_at,
    case
        when patients.built_at is null then null
        when patients.is_imported then facts.file_format
        else 'legacy_v0.5.0'
    end as file_format
from patients
left join facts on patients.patient_id = facts.patient_id
left join sizes on patients.schema_name = sizes.schema_name
order by patients.patient_id collate "C"
