update migration.legacy_access set
    lock_intended_at = null, former_read_only = null, locked_at = null, changed_at = clock_timestamp()
where legacy_system = %(system)s and database_name = %(database)s and database_oid = %(oid)s
