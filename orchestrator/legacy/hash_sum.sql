-- Equal for equal rows in any order, and much cheaper than reading them; see fingerprint.sql for how sure it is.
select coalesce(
    sum(hashtextextended(transcript_id, coalesce(hashfloat8extended(expression_fold_change, 0), 1))), 0
)::text
from ({rows}) as rows
