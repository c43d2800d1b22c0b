select
    patient_id,
    is_passed,
    failures,
    notes,
    checked_at
from migration.validation
