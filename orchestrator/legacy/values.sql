select transcript_id::text as transcript_id, expression_fold_change::double precision as expression_fold_change
from public.{surface}
where transcript_id::text in (select unnest(%(ids)s::text []))
