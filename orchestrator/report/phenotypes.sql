select
    patient_id,
    label,
    is_claimed,
    verdict,
    supporting_concordant,
    supporting_genes,
    core_genes
from cohort.patient_phenotypes
order by patient_id, check_id, signature
