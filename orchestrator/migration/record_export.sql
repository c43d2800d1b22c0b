-- The export's row and the patient's state appear together with the rows that they speak of.
with

export as (

    insert into staging.legacy_export (
        patient_id, source_database, surface, surface_class, legacy_rows, staged_rows, unknown_rows, missing_rows,
        legacy_digest, core_fingerprint, legacy_system, exported_at, file_format, details
    )
    values (
        %(patient_id)s, %(source_database)s, %(surface)s, %(surface_class)s, %(legacy_rows)s, %(staged_rows)s,
        %(unknown_rows)s, %(missing_rows)s, %(legacy_digest)s, %(core_fingerprint)s, %(legacy_system)s,
        %(exported_at)s, %(file_format)s, %(details)s
    )
    returning export_id

)

update migration.patient set
    state = 'exported',
    export_id = (select export_id from export),
    error_code = null, error_constraint = null, error_message = null,
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
