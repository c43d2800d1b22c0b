-- As table_digest.sql, and the same of the rows without one column, the fold change, which is hashed with the hash of the
-- others as its seed: one scan says whether a table differs, and whether it does so in that column only. OFFSET 0 keeps
-- the hash of the others from being taken twice.
select
    count(*) as rows,
    coalesce(sum(hashtextextended(fold_change, rest)), 0) as whole,
    coalesce(sum(rest), 0) as rest
from (
    select
        {rest} as rest,
        coalesce({apart}::text, 'null') collate "C" as fold_change
    from {table}
    offset 0
) as hashes
