update migration.patient set
    state = 'failed',
    error_code = %(code)s,
    error_constraint = null,
    error_message = %(message)s,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
