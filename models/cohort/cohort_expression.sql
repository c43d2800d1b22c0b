-- Without a WITH, which PostgreSQL plans apart from the query around it.
select
    fold_changes.transcript_id,
    fold_changes.patient_id,
    fold_changes.fold_change
from {{ ref('cohort_rows') }} as fold_changes
inner join {{ ref('cohort_patients') }} as patients on fold_changes.patient_id = patients.patient_id
where patients.is_current
