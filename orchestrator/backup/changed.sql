-- Hashes that are not as often in both tables: all rows of such a hash change their place, however many there are.
create temporary table changed on commit drop as
select hash, sum(ours) as ours, sum(theirs) as theirs
from (
    select hash, 1 as ours, 0 as theirs from {ours}
    union all
    select hash, 0 as ours, 1 as theirs from pg_temp.theirs
) as hashes
group by hash
having sum(ours) <> sum(theirs)
