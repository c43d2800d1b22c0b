with

variability as (

    select * from {{ ref('cohort_variability') }}

),

state as ( -- noqa: RF04

    select * from {{ ref('cohort_variability_state') }}

)

select
    transcript_id,
    patients,
    changed,
    mean_log2,
    variance_log2
from variability
where (select state.is_current from state)
