-- In one transaction with one snapshot, so that what is worked out is of the patients that the second says.
select
    cohort.fill_cohort_variability() as transcripts,
    cohort.fill_cohort_variability_basis() as bases
