-- Rows with the number of the range that each is in. A range begins with its bound; what comes before the first bound
-- has number 0. The window takes one sort; width_bucket would walk along all bounds for every row.
select
    transcript_id,
    disposition,
    bytes,
    value,
    count(bound) over (order by transcript_id collate "C") as number
from (
    select transcript_id, disposition, bytes, value, null::text as bound
    from ({packed}) as packed
    union all
    select bound, null, null, null, bound
    from unnest(%(bounds)s::text []) as bounds (bound)
) as rows_and_bounds
