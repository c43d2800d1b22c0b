-- A patient that was never published stays to be built again, which publishes it.
update migration.patient set
    state = case
        when state = 'failed' and failed_from in ('archived', 'dropped') then failed_from
        when published_at is null then 'built'
        else 'validated'
    end,
    is_valid = true,
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
    and (state = 'built' or (state = 'failed' and error_code = %(not_valid)s))
