select transcript_id
from {batch}
where (expression_fold_change > 0 and expression_fold_change < 'Infinity') is not true
