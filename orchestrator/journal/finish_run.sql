update migration.run set finished_at = clock_timestamp(), exit_code = %(exit_code)s
where run_id = %(run_id)s
