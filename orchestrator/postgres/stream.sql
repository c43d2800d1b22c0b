-- Rows of (transcript_id, expression_fold_change), ordered by id, in blocks of a binary COPY stream. The server puts the
-- blocks together, because a message a row costs both sides more than all the rest. With each block the sum of
-- legacy/hash_sum.sql, which would otherwise take another scan.
select
    count(*) as rows,
    string_agg(
        '\x0002'::bytea -- fields in the row
        || int4send(octet_length(convert_to(transcript_id, 'UTF8'))) || convert_to(transcript_id, 'UTF8')
        || case
            when expression_fold_change is null then '\xffffffff'::bytea
            else '\x00000008'::bytea || float8send(expression_fold_change)
        end,
        ''::bytea order by transcript_id collate "C"
    ) as block,
    sum(
        pg_catalog.hashtextextended(
            transcript_id, coalesce(pg_catalog.hashfloat8extended(expression_fold_change, 0), 1)
        )
    )::text as hash_sum
from (
    select
        transcript_id,
        expression_fold_change,
        (row_number() over (order by transcript_id collate "C") - 1) / 4000 as number
    from ({rows}) as rows
) as numbered
group by number
order by number
