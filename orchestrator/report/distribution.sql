select
    patient_id,
    finite_rows,
    above_baseline,
    lowest,
    quartile_1,
    median,
    quartile_3,
    highest,
    rows_by_class,
    top_up,
    top_down
from cohort.patient_distribution
