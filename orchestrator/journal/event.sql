insert into migration.event (run_id, patient_id, event, detail)
values (%(run_id)s, %(patient_id)s, %(event)s, %(detail)s)
