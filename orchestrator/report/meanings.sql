-- What the genes of the panels stand for, once for all patients.
select distinct
    panel,
    gene_symbol,
    meaning
from cohort.biomarker_panels
where check_id in ('C1', 'C2', 'C3')
order by panel, gene_symbol
