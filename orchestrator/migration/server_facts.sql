-- What a server, and the database that we are connected to, tell of themselves.
with

sessions as (

    select usename, datname
    from pg_stat_activity
    where datname is not null and coalesce(backend_type, 'client backend') = 'client backend' -- null: may not be known

)

select
    current_setting('server_version_num')::integer as version,
    pg_is_in_recovery() as is_standby,
    current_setting('default_transaction_read_only')::boolean as is_read_only,
    (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
    current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer
    - coalesce(current_setting('reserved_connections', true)::integer, 0)
    - (select count(*) from sessions)::integer as free_connections,
    (
        select nullif(rolconnlimit, -1) - (
            select count(*) from sessions where usename = current_user
        )::integer
        from pg_roles where rolname = current_user
    ) as free_for_role,
    (
        select nullif(datconnlimit, -1) - (
            select count(*) from sessions where datname = current_database()
        )::integer
        from pg_database where datname = current_database()
    ) as free_for_database,
    current_setting('max_locks_per_transaction')::integer as locks_per_transaction,
    current_setting('max_connections')::integer
    + current_setting('max_prepared_transactions')::integer as lock_holders,
    array(
        select format(
            '%%s (%%s, keeps %%s of WAL)', slot_name, case when active then 'active' else 'not active' end,
            pg_size_pretty(
                pg_wal_lsn_diff(
                    case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                    restart_lsn
                )
            )
        )
        from pg_replication_slots
        where not active or starts_with(database, %(prefix)s)
        order by slot_name
    ) as slots,
    array(
        select format('%%s (by %%s, in %%s, since %%s)', gid, owner, database, to_char(prepared, 'YYYY-MM-DD HH24:MI'))
        from pg_prepared_xacts
        where database = current_database() or starts_with(database, %(prefix)s)
        order by gid
    ) as prepared_transactions,
    case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') end as data_directory,
    pg_size_bytes(current_setting('max_wal_size')) as max_wal_bytes
