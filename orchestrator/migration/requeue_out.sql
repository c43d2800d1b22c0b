-- Stored rows whose transcript the core has no more become orphans.
with

orphaned as (

    delete from {schema}.expression_data as stored
    where not exists (
        select from public.transcripts as transcripts where transcripts.transcript_id = stored.transcript_id
    )
    returning stored.transcript_id, stored.expression_fold_change

)

insert into {schema}.quarantined_expression (transcript_id, expression_fold_change, reason, source)
select
    transcript_id,
    expression_fold_change,
    'orphan',
    'core'
from orphaned
