-- Rows of a table and what its digest is made of, in one scan and constant memory. Equal for equal rows in any order, on
-- any server and whatever the physical layout: the sum of a hash of each row needs no order. What is hashed is each
-- column's text (see digest_session.sql), by the function that PostgreSQL's own hash partitions rely on, with the column's
-- place among the sorted names as its seed. It runs on every server at the same speed, which sha256() does not, and the
-- scan is shared by several processes.
--
-- How sure: sums of 64-bit hashes are compared as exact numbers, and beside them the count and the names of the columns.
-- Two different tables agree by chance with a probability of about 2^-64. It finds accidents, not attacks: whoever may
-- choose the rows can make sums agree. The last hash keeps a sum from being blind to values that changed places between
-- rows. Servers whose processors order their bytes the other way round have other digests.
--
-- A value of more than 1 GB as text makes it fail.
select
    count(*) as rows,
    coalesce(sum({hash}), 0) as whole
from {table}
