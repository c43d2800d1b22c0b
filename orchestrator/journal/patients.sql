select
    patient_id, schema_name, source_database, state, run_id, surface, core_fingerprint,
    to_jsonb(patient) ->> 'legacy_system' as legacy_system, -- a journal may be older than these
    (to_jsonb(patient) ->> 'taken_at')::timestamptz as taken_at,
    (to_jsonb(patient) ->> 'is_valid')::boolean as is_valid,
    to_jsonb(patient) ->> 'archive' as archive,
    to_jsonb(patient) ->> 'archive_digest' as archive_digest,
    (to_jsonb(patient) ->> 'archived_at')::timestamptz as archived_at,
    legacy_rows, stored_rows, baseline_rows,
    quarantined_rows, quarantine_reasons, missing_rows, legacy_digest, current_digest, error_code, error_constraint,
    error_message, built_at, published_at, changed_at
from migration.patient
where %(patient_ids)s::text [] is null or patient_id = any(%(patient_ids)s::text [])
order by patient_id collate "C"
