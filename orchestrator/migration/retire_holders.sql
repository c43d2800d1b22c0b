-- Who holds a lock on the table and since when. Another role's times are hidden from a role that is no superuser.
select distinct
    coalesce(
        format(
            'process %%s, user %%s, application %%s, since %%s',
            activity.pid,
            activity.usename,
            coalesce(nullif(activity.application_name, ''), 'unknown'),
            coalesce(to_char(activity.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ'), 'unknown')
        ),
        'a prepared transaction'
    )
from pg_locks
inner join pg_class as relation on pg_locks.relation = relation.oid
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_stat_activity as activity on pg_locks.pid = activity.pid
where pg_locks.locktype = 'relation'
    and pg_locks.granted
    and relation.relname = %(table)s and namespace.nspname = any(%(schemas)s)
    and pg_locks.database = (select oid from pg_database where datname = current_database())
order by 1
