update migration.patient set
    state = case when state = 'failed' and failed_from = 'archived' then 'archived' else 'validated' end,
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
    and published_at is not null
    and (state = 'built' or (state = 'failed' and error_code = %(not_valid)s))
