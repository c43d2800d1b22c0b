-- Everybody else in a database. What another role does is not shown to everybody; that it is there is.
select
    pid,
    format(
        '%%s from %%s, application %%s, process %%s, since %%s',
        coalesce(usename, backend_type),
        case
            when backend_type is null then 'an address not shown to us'
            else coalesce(host(client_addr), 'that machine')
        end,
        coalesce(nullif(application_name, ''), 'without name'),
        pid,
        coalesce(to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), 'a time not shown to us')
    ) as description,
    coalesce(
        case
            when (select rolsuper from pg_roles where rolname = current_user) then true
            when (select rolsuper from pg_roles where oid = usesysid) then false
            else pg_has_role(usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage')
        end, false
    ) as may_end
from pg_stat_activity
where datid = %(oid)s and pid <> pg_backend_pid()
    and coalesce(backend_type, '') not in ('autovacuum worker', 'parallel worker')
    and not (backend_type is null and usesysid is null) -- the server's own, not shown to us
order by pid
