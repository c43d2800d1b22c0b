-- The data is as the last build left it, so its state is what the last validation of it said.
update migration.patient as patient set
    state = case
        when failed_from in ('validated', 'archived') then failed_from
        when exists (select from migration.validation as v where v.patient_id = patient.patient_id and v.is_passed)
            then 'validated'
        else 'built'
    end,
    failed_from = null,
    error_code = null,
    error_constraint = null,
    error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s and state in ('discovered', 'exported', 'failed')
