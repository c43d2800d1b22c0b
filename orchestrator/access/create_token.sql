insert into access.token (name, token_hash, patient_ids, all_patients, cohort, expires_at)
values (%(name)s, %(token_hash)s, %(patient_ids)s, %(all_patients)s, %(cohort)s, %(expires_at)s)
returning token_id
