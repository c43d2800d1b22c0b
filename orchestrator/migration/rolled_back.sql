-- The archive stays known, and what the legacy data was; nothing of the patient is in the target.
update migration.patient set
    state = 'rolled_back',
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    current_digest = null,
    metadata_digest = null,
    is_valid = null,
    built_at = null,
    published_at = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
