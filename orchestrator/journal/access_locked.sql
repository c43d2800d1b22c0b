update migration.legacy_access set locked_at = clock_timestamp(), changed_at = clock_timestamp()
where legacy_system = %(system)s and database_name = %(database)s and database_oid = %(oid)s
