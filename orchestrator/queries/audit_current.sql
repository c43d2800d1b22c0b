-- All rows of a patient schema, as its digest is taken.
select transcript_id::text as transcript_id, expression_fold_change::double precision as expression_fold_change
from {schema}.expression_data
union all
select transcript_id::text as transcript_id, expression_fold_change::double precision as expression_fold_change
from {schema}.quarantined_expression
