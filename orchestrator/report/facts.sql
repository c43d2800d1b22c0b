-- What was worked out for each patient by one look at its rows.
select
    patient_id,
    stored_rows,
    quarantined_rows,
    quarantine_reasons,
    digest,
    proven_digest,
    count_faults,
    checked_at
from cohort.patient_facts
