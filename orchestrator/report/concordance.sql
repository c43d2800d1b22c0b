-- Groups of one patient have nobody to be alike.
select
    cancer_type,
    cancer_subtype,
    gene_symbol,
    patients,
    lowest,
    median,
    highest,
    verdict
from cohort.cohort_concordance
where verdict <> 'alone'
order by cancer_type nulls last, cancer_subtype nulls last, gene_symbol
