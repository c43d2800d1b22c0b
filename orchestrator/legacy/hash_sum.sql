-- Equal for equal rows in any order, and much cheaper than reading them; see fingerprint.sql for how sure it is.
select
    count(*) as rows,
    coalesce(
        sum(
            pg_catalog.hashtextextended(
                transcript_id, coalesce(pg_catalog.hashfloat8extended(expression_fold_change, 0), 1)
            )
        ),
        0
    )::text as hash_sum
from ({rows}) as rows
