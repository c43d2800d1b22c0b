update migration.legacy_access set cut_over_at = clock_timestamp(), changed_at = clock_timestamp()
where legacy_system = %(system)s and database_name = %(database)s and database_oid = %(oid)s
