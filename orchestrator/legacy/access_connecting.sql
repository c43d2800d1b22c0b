-- A session that begins holds this lock from before its rights are looked at until it is in pg_stat_activity.
select exists(
    select from pg_locks
    where locktype = 'object' and database = 0 and classid = 'pg_database'::regclass and objid = %(oid)s
        and pid <> pg_backend_pid()
)
