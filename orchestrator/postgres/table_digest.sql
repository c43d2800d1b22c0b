-- Rows and digest of a table, in one scan and constant memory. Equal for equal rows in any order, on any server and
-- whatever the physical layout: the sum of a hash of each row needs no order, and a row is hashed as its text (see
-- digest_session.sql) in UTF-8, columns in the order of their names. In that text a NULL is nothing, an empty string
-- is "", and separators in values are quoted. Sums, unlike xor, keep repeated rows apart.
--
-- How sure: the sums of two independent 64-bit parts of each row's sha256 are compared as exact numbers, and beside
-- them the count and the names of the columns. Two different tables agree by chance with a probability of at most
-- 2^-128. It finds accidents, not attacks: whoever may choose the rows can make sums agree.
--
-- A row of more than 1 GB of text makes it fail. "offset 0" keeps the hash from being taken once for each part.
select
    rows,
    encode(
        sha256(convert_to(concat_ws(' ', rows, high, low, {names}::text []), 'UTF8')),
        'hex'
    ) as digest
from (
    select
        count(*) as rows,
        coalesce(sum(('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint), 0) as high,
        coalesce(sum(('x' || encode(substr(hash, 9, 8), 'hex'))::bit(64)::bigint), 0) as low
    from (
        select sha256(convert_to(row({columns})::text, 'UTF8')) as hash
        from {only} {table}
        offset 0
    ) as hashes
) as sums
