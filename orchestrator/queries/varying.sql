-- Those of some functions that PostgreSQL or an extension brings and that give another value each time, or that may do
-- something; and those without arguments that depend on the session, the time or the server.
select
    pg_proc.proname::text as name,
    bool_or(pg_proc.provolatile = 'v') as is_volatile
from pg_proc
inner join pg_language on pg_proc.prolang = pg_language.oid
where pg_proc.proname = any(%(names)s)
    and pg_language.lanname in ('internal', 'c')
    and (pg_proc.provolatile = 'v' or (pg_proc.provolatile = 's' and pg_proc.pronargs = 0))
group by pg_proc.proname
order by pg_proc.proname collate "C"
