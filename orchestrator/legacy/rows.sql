-- The rows that a sparse schema cannot leave out: all but those at exactly 1.0 whose id the core has.
select transcript_id::text as transcript_id, expression_fold_change::double precision as expression_fold_change
from public.{surface}
where expression_fold_change is distinct from 1.0 {or_unknown}
