update migration.patient set
    failed_from = case when state = 'failed' then failed_from else state end,
    state = 'failed',
    error_code = %(code)s,
    error_constraint = null,
    error_message = %(message)s,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
