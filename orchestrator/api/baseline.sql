(
    select
        core.transcript_id::text as transcript_id,
        1.0::double precision as fold_change,
        null::text as reason
    from public.transcripts as core
    where {conditions}
    order by core.transcript_id
    limit %(limit)s + %(offset)s
)
