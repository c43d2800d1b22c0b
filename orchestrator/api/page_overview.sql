select
    count(*) over () as matches,
    patient_id,
    state,
    coalesce(stored_rows, 0) as stored_rows,
    coalesce(quarantined_rows, 0) as quarantined_rows,
    cancer_type,
    cancer_subtype,
    is_passed
from cohort.cohort_summary
where
    (%(state)s = '' or state = %(state)s)
    and (
        %(query)s = ''
        or strpos(lower(concat_ws(' ', patient_id, cancer_type, cancer_subtype)), lower(%(query)s)) > 0
    )
order by patient_id collate "C"
limit %(limit)s
offset %(offset)s
