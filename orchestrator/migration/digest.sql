-- The digest of a patient schema: sha256 over what a binary COPY of its stored and quarantined rows, ordered by id,
-- would send. The stream is put together here because sending it costs more than all the rest.
select encode(
    sha256(
        '\x5047434f50590aff0d0a000000000000000000'::bytea -- signature, flags, length of the header's extension
        || coalesce(string_agg(
            '\x0002'::bytea -- fields in the row
            || int4send(octet_length(convert_to(transcript_id, 'UTF8'))) || convert_to(transcript_id, 'UTF8')
            || case
                when expression_fold_change is null then '\xffffffff'::bytea
                else '\x00000008'::bytea || float8send(expression_fold_change)
            end,
            ''::bytea order by transcript_id collate "C"
        ), ''::bytea)
        || '\xffff'::bytea -- end of the stream
    ),
    'hex'
)
from (
    select transcript_id::text as transcript_id, expression_fold_change
    from {schema}.expression_data
    union all
    select transcript_id, expression_fold_change
    from {schema}.quarantined_expression
) as kept
