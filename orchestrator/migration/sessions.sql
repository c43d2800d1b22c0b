-- Who is in a database, and which transactions were prepared there.
select format('%%s (process %%s, %%s)', usename, pid, coalesce(nullif(application_name, ''), 'no name'))
from pg_stat_activity
where datname = %(name)s
union all
select format('prepared transaction %%s', gid) from pg_prepared_xacts where database = %(name)s
