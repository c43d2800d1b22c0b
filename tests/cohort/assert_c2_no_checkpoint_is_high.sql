select
    patient_id,
    gene_symbol,
    level
from {{ ref('patient_biomarkers') }}
where
    check_id = 'C2'
    and is_noteworthy
    {{ and_asked_patient() }}
