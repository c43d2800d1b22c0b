-- The data is as the last build left it, so its state is what the last validation of it said.
update migration.patient set
    state = case when failed_from in ('archived', 'dropped') then failed_from when is_valid then 'validated' else 'built' end,
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s and state in ('discovered', 'exported', 'failed')
