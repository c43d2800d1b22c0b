-- Patients with rows, or known as members, that are published no more. Ids are hopped over in the index, because the
-- table has tens of thousands of rows of each.
with recursive

present as (

    (select patient_id from cohort.cohort_rows order by patient_id limit 1)
    union all
    select (
        select following.patient_id from cohort.cohort_rows as following
        where following.patient_id > present.patient_id
        order by following.patient_id
        limit 1
    )
    from present
    where present.patient_id is not null

)

select patient_id
from (
    select patient_id from present where patient_id is not null
    union
    select patient_id from cohort.cohort_member
) as found
where patient_id not in (select published.patient_id from cohort.cohort_patients as published)
order by patient_id collate "C"
