-- Every so manieth id of some ranges.
select transcript_id
from (
    select transcript_id, row_number() over (partition by number order by transcript_id collate "C") as position
    from ({numbered}) as numbered
    where bytes is not null and transcript_id is not null and number in (select unnest(%(numbers)s::bigint []))
) as positions
where position %% %(step)s = 0
