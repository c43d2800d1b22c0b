select
    cancer_type,
    cancer_subtype,
    gene_symbol,
    verdict
from {{ ref('cohort_concordance') }}
where verdict in ('variable', 'divergent')
