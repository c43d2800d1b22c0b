-- Those of some transcripts that a patient schema has no row of.
select wanted.transcript_id
from unnest(%(ids)s::text []) as wanted (transcript_id)
where wanted.transcript_id not in (select kept.transcript_id from ({rows}) as kept where kept.transcript_id is not null)
