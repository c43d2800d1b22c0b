-- The journal says what the rows are now; the digest is that of an export under this core. The patient's tables are read
-- before, because Citus takes no clock_timestamp() in an UPDATE that reads them.
update migration.patient set
    core_fingerprint = %(core_fingerprint)s,
    stored_rows = %(stored)s,
    quarantined_rows = %(quarantined)s,
    quarantine_reasons = %(reasons)s,
    baseline_rows = legacy_rows - %(quarantined)s - %(stored)s,
    missing_rows = greatest(0, missing_rows + %(core_growth)s - %(gained)s),
    legacy_digest = %(digest)s,
    current_digest = %(digest)s,
    metadata_digest = migration.metadata_digest(schema_name),
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
