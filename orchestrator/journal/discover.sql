insert into migration.patient (patient_id, schema_name, source_database, state, run_id)
values (%(patient_id)s, %(schema_name)s, %(source_database)s, 'discovered', %(run_id)s)
on conflict (patient_id) do update set run_id = excluded.run_id, source_database = excluded.source_database
