-- As table_digest.sql, and the same of the rows without one column, the fold change, which is hashed with the hash of the
-- others: one scan says whether a table differs, and whether it does so in that column only.
select
    count(*) as rows,
    coalesce(sum(('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint), 0) as high,
    coalesce(sum(('x' || encode(substr(hash, 9, 8), 'hex'))::bit(64)::bigint), 0) as low,
    coalesce(sum(('x' || encode(substr(rest, 1, 8), 'hex'))::bit(64)::bigint), 0) as rest_high,
    coalesce(sum(('x' || encode(substr(rest, 9, 8), 'hex'))::bit(64)::bigint), 0) as rest_low
from (
    select
        rest,
        unnest(array[sha256(rest || coalesce(float8send(fold_change), ''))]) as hash
    from (
        select
            unnest(array[{rest}]) as rest,
            {apart} as fold_change
        from {table}
    ) as rests
) as hashes
