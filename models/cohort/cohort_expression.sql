with

patients as (

    select patient_id from {{ ref('cohort_patients') }}
    where is_current

),

fold_changes as (

    select * from {{ ref('cohort_rows') }}

)

select
    fold_changes.transcript_id,
    fold_changes.patient_id,
    fold_changes.fold_change
from fold_changes
inner join patients on fold_changes.patient_id = patients.patient_id
