select format(
    '%%s from %%s, process %%s, since %%s',
    activity.usename, coalesce(host(activity.client_addr), 'this machine'), activity.pid,
    to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
)
from pg_locks
inner join pg_stat_activity as activity on pg_locks.pid = activity.pid
where pg_locks.locktype = 'advisory' and pg_locks.granted and pg_locks.objsubid = 1
    and pg_locks.database = (select oid from pg_database where datname = current_database())
    and pg_locks.classid = (%(key)s::bigint >> 32)::oid
    and pg_locks.objid = (%(key)s::bigint & 4294967295)::oid
