update migration.patient set
    state = case when failed_from in ('validated', 'archived') then failed_from else 'built' end,
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s and state in ('discovered', 'exported', 'failed')
