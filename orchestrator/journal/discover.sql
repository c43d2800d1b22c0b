insert into migration.patient (patient_id, schema_name, source_database, state, run_id)
values (%(patient_id)s, %(schema_name)s, %(source_database)s, 'discovered', %(run_id)s)
on conflict (patient_id) do update set
    run_id = excluded.run_id,
    -- A patient is of what it was built from, until it has been built from something else.
    source_database = case
        when patient.built_at is null then excluded.source_database
        else patient.source_database
    end
