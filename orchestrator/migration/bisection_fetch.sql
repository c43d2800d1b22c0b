select transcript_id, value, disposition
from ({numbered}) as numbered
where bytes is not null and number in (select unnest(%(numbers)s::bigint []))
order by transcript_id collate "C", bytes, disposition collate "C"
