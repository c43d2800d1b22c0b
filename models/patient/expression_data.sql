with

dispositions as (

    select * from {{ ref('stg_legacy__expression') }}

)

select
    patient_id,
    transcript_id,
    expression_fold_change
from dispositions
where disposition = 'stored'
