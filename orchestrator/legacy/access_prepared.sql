select format('%%L of %%s, prepared %%s', gid, owner, to_char(prepared, 'YYYY-MM-DD HH24:MI:SS TZ'))
from pg_prepared_xacts
where database = %(name)s
order by prepared
