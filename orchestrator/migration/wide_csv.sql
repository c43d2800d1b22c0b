-- The table of v0.5.0, ordered by id, so that two exports of one patient are the same.
copy (
    select * from {schema}.cancer_transcript_base
    order by transcript_id collate "C"
) to stdout (format csv, header)
