-- Rows of a table and what its digest is made of, in one scan and constant memory. Equal for equal rows in any order, on
-- any server and whatever the physical layout: the sum of a hash of each row needs no order, and what is hashed are
-- columns in the order of their names, each as PostgreSQL sends it in binary, text in UTF-8. Tables with types of
-- extensions or of their own, whose numbers differ between databases, are hashed as text (see digest_session.sql).
--
-- How sure: the sums of two independent 64-bit parts of each row's sha256 are compared as exact numbers, and beside
-- them the count and the names of the columns. Two different tables agree by chance with a probability of at most
-- 2^-128. It finds accidents, not attacks: whoever may choose the rows can make sums agree.
--
-- A row of more than 1 GB makes it fail. unnest() keeps the hash from being taken once for each part, and lets several
-- processes share the scan.
select
    count(*) as rows,
    coalesce(sum(('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint), 0) as high,
    coalesce(sum(('x' || encode(substr(hash, 9, 8), 'hex'))::bit(64)::bigint), 0) as low
from (
    select unnest(array[{hash}]) as hash
    from {table}
) as hashes
