update migration.legacy_access set
    cut_over_intended_at = null, former_connect = null, cut_over_at = null, changed_at = clock_timestamp()
where legacy_system = %(system)s and database_name = %(database)s and database_oid = %(oid)s
