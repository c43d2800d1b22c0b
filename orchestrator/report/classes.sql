select
    class as number,
    label,
    lowest
from cohort.fold_change_classes
order by class
