-- Without a WITH, which PostgreSQL plans apart from the query around it: an index could not serve that one's order.
select
    transcript_id,
    patients,
    changed,
    mean_log2,
    variance_log2
from {{ ref('cohort_variability') }}
where (select state.is_current from {{ ref('cohort_variability_state') }} as state)
