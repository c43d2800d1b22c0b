-- How far a server is: since when it runs, the next transaction number, and where its WAL ends. Reading moves neither.
select
    pg_postmaster_start_time()::text as started_at,
    txid_snapshot_xmax(txid_current_snapshot()) as next_transaction,
    (
        select count(*) from pg_locks
        where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
    ) as open_writers,
    case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end
    - '0/0'::pg_lsn as wal_bytes
