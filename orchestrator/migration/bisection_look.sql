-- All rows of a side, in one scan: their digest as migration.patient_digest takes it, a digest of which of them are not
-- stored and why not, and their number by disposition. Repeated ids are in the order of their values.
with

kept as materialized (

    {rows}

),

packed as (

    {packed}

)

select
    encode(
        sha256(
            '\x5047434f50590aff0d0a000000000000000000'::bytea -- signature, flags, no extension of the header
            || coalesce(string_agg(bytes, ''::bytea order by transcript_id collate "C", bytes), ''::bytea)
            || '\xffff'::bytea -- end of the stream
        ),
        'hex'
    ) as digest,
    encode(
        sha256(
            coalesce(
                string_agg(
                    bytes || convert_to(disposition, 'UTF8'), '\x00'::bytea
                    order by transcript_id collate "C", bytes, disposition collate "C"
                ) filter (where disposition <> 'stored'),
                ''::bytea
            )
        ),
        'hex'
    ) as dispositions,
    (
        select coalesce(jsonb_object_agg(disposition, rows), '{{}}')
        from (select disposition, count(*) as rows from kept group by disposition) as counted
    ) as counts
from packed
