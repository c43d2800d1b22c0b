-- Of a database that has a name anew, nothing that is known of the one before holds.
insert into migration.legacy_access as known (
    legacy_system, database_name, database_oid, cut_over_intended_at, former_connect
)
values (%(system)s, %(database)s, %(oid)s, clock_timestamp(), %(former)s)
on conflict (legacy_system, database_name) do update set
    database_oid = excluded.database_oid,
    lock_intended_at = case when known.database_oid = excluded.database_oid then known.lock_intended_at end,
    former_read_only = case when known.database_oid = excluded.database_oid then known.former_read_only end,
    locked_at = case when known.database_oid = excluded.database_oid then known.locked_at end,
    cut_over_intended_at = excluded.cut_over_intended_at,
    former_connect = excluded.former_connect,
    cut_over_at = null,
    gone_at = null,
    changed_at = clock_timestamp()
