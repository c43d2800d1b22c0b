with

rows_of_patient as (

    delete from cohort.cohort_rows where patient_id = %(patient_id)s

)

delete from cohort.cohort_member where patient_id = %(patient_id)s
