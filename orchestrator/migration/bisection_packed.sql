-- Rows with the bytes that a binary COPY sends for each; "offset 0" keeps them from being put together twice.
select
    transcript_id,
    disposition,
    '\x0002'::bytea -- fields in the row
    || coalesce(
        int4send(octet_length(convert_to(transcript_id, 'UTF8'))) || convert_to(transcript_id, 'UTF8'),
        '\xffffffff'::bytea
    )
    || coalesce('\x00000008'::bytea || float8send(expression_fold_change), '\xffffffff'::bytea) as bytes,
    float8send(expression_fold_change) as value
from ({rows}) as rows
offset 0
