select concat_ws(' ', cancer_type, cancer_subtype) || ': ' || gene_symbol || ' ' || verdict
from cohort.cohort_concordance
where verdict in ('variable', 'divergent')
order by 1
