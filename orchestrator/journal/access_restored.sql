update migration.legacy_access set database_oid = %(oid)s, gone_at = null, changed_at = clock_timestamp()
where legacy_system = %(system)s and database_name = %(database)s
