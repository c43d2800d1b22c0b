-- Quarantined rows whose id names a transcript of the core that has no other row here, the first for each.
select distinct on (transcripts.transcript_id)
    transcripts.transcript_id,
    beside.transcript_id as written_as
from {schema}.quarantined_expression as beside
inner join public.transcripts as transcripts on transcripts.transcript_id = {named}
where beside.reason in ('orphan', 'unmatched')
    and not exists (
        select from {schema}.expression_data as taken where taken.transcript_id = transcripts.transcript_id
    )
    and not exists (
        select from {schema}.quarantined_expression as taken
        where taken.transcript_id = transcripts.transcript_id and taken.transcript_id <> beside.transcript_id
    )
order by transcripts.transcript_id asc, beside.transcript_id asc
