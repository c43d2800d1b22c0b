-- What another core than the one that a patient was built for makes of its rows.
select
    (
        select count(*) from {schema}.expression_data as stored
        where not exists (
            select from public.transcripts as transcripts where transcripts.transcript_id = stored.transcript_id
        )
    ) as orphaned,
    (select count(*) from ({candidates}) as candidates) as storable
