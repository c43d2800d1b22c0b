update migration.patient set
    state = 'validated',
    is_valid = true,
    current_digest = %(digest)s,
    published_at = coalesce(published_at, now()),
    changed_at = clock_timestamp()
where patient_id = %(patient_id)s
    and state = 'built'
    and to_regclass(format('%%I.cancer_transcript_base', schema_name)) is not null
