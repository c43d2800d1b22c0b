-- Whether the compatibility view shows what is stored, and what the guide's example queries found.
select
    patient_id,
    changed_in_view = changed_rows and true_probes = probes as is_true,
    overexpressed_rows,
    drug_target_rows,
    suppressor_rows
from cohort.patient_queries
