select
    class,
    label,
    lowest
from cohort.fold_change_classes
order by lowest
