-- The value of all rows; no row where they are several, or one that comparisons treat in a way of its own: none, NaN, zero.
select min({column})
from only {table}
having count(*) = count({column}) and min({column}) = max({column}) and min({column}) not in ('NaN', 0)
