update migration.patient set
    state = 'archived',
    archive = %(folder)s,
    archive_digest = %(digest)s,
    archived_at = clock_timestamp(),
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
