select
    patient_id,
    panel,
    gene_symbol,
    fold_change,
    level
from cohort.patient_biomarkers
where is_noteworthy
order by patient_id, check_id, gene_symbol
