-- Every legacy database, as the server's own catalog describes it, and who is in it besides us.
select
    datname as name,
    datallowconn as allows_connections,
    has_database_privilege(oid, 'connect') as may_connect,
    case when has_database_privilege(oid, 'connect') then pg_database_size(oid) end as size_bytes,
    pg_encoding_to_char(encoding) as encoding,
    coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale', datcollate) as collation,
    array(
        select format('%%s (process %%s, %%s)', usename, pid, coalesce(nullif(application_name, ''), 'no name'))
        from pg_stat_activity
        where datname = pg_database.datname and application_name <> %(own_name)s
            and coalesce(backend_type, 'client backend') in ('client backend', 'walsender') -- null: may not be known
        order by pid
    ) as sessions
from pg_database
where starts_with(datname, %(prefix)s)
order by datname collate "C"
