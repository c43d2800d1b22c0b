-- In one transaction with one snapshot, so that the digest is that of the rows.
select
    cohort.fill_cohort_rows(%(patient_id)s, %(schema_name)s) as rows_written,
    cohort.fill_cohort_member(%(patient_id)s, %(schema_name)s) as members_written
