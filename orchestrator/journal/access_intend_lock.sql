-- Of a database that has a name anew, nothing that is known of the one before holds.
insert into migration.legacy_access as known (
    legacy_system, database_name, database_oid, lock_intended_at, former_read_only
)
values (%(system)s, %(database)s, %(oid)s, clock_timestamp(), %(former)s)
on conflict (legacy_system, database_name) do update set
    database_oid = excluded.database_oid,
    lock_intended_at = excluded.lock_intended_at,
    former_read_only = excluded.former_read_only,
    locked_at = null,
    cut_over_intended_at
    = case when known.database_oid = excluded.database_oid then known.cut_over_intended_at end,
    former_connect = case when known.database_oid = excluded.database_oid then known.former_connect end,
    cut_over_at = case when known.database_oid = excluded.database_oid then known.cut_over_at end,
    gone_at = null,
    changed_at = clock_timestamp()
