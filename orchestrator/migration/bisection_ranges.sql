-- Rows and hash of every range that has rows.
select
    number,
    count(*) as rows,
    sha256(
        string_agg(
            bytes || int4send(octet_length(convert_to(disposition, 'UTF8'))) || convert_to(disposition, 'UTF8'),
            ''::bytea order by transcript_id collate "C", bytes, disposition collate "C"
        )
    ) as hash
from ({numbered}) as numbered
where bytes is not null
group by number
