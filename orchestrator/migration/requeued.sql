-- The journal and the metadata say what the rows are now; the digest is that of an export under this core.
with

metadata as (

    update {schema}.metadata set
        transcripts_matched = transcripts_matched + %(gained)s,
        transcripts_unmatched = transcripts_unmatched - %(gained)s,
        matching_success_rate
        = (transcripts_matched + %(gained)s)::double precision / nullif(total_transcripts_uploaded, 0)
    returning md5(metadata::text) as digest

),

beside as (

    select
        coalesce(sum(n), 0) as n,
        coalesce(jsonb_object_agg(reason, n), '{{}}') as reasons
    from (select reason, count(*) as n from {schema}.quarantined_expression group by reason) as by_reason

)

update migration.patient set
    core_fingerprint = %(core_fingerprint)s,
    stored_rows = (select count(*) from {schema}.expression_data),
    quarantined_rows = beside.n,
    quarantine_reasons = beside.reasons,
    baseline_rows = legacy_rows - beside.n - (select count(*) from {schema}.expression_data),
    missing_rows = greatest(0, missing_rows + %(core_growth)s - %(gained)s),
    legacy_digest = migration.patient_digest(schema_name),
    current_digest = migration.patient_digest(schema_name),
    metadata_digest = metadata.digest,
    changed_at = clock_timestamp()
from metadata, beside
where patient_id = %(patient_id)s
