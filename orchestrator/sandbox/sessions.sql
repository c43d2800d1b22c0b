-- One database of the given ones that has client sessions, with their number.
select
    datname,
    count(*)
from pg_stat_activity
where datname = any(%(names)s) and pid <> pg_backend_pid() and backend_type = 'client backend'
group by datname
order by datname
limit 1;
