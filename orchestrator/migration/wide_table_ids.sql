-- Ids of the wide table that the narrow one lacks, and the other way round. An id may be null.
select
    (
        select count(*)
        from public.cancer_transcript_base as wide
        where not exists (
            select
            from public.transcripts as narrow
            where narrow.transcript_id::text = wide.transcript_id::text
        )
    ) as only_in_wide,
    (
        select count(*)
        from public.transcripts as narrow
        where not exists (
            select
            from public.cancer_transcript_base as wide
            where wide.transcript_id::text = narrow.transcript_id::text
        )
    ) as only_in_narrow
