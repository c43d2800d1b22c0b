insert into migration.validation (patient_id, run_id, is_passed, failures, notes)
values (%(patient_id)s, %(run_id)s, %(is_passed)s, %(failures)s, %(notes)s)
on conflict (patient_id) do update set
    run_id = excluded.run_id,
    is_passed = excluded.is_passed,
    failures = excluded.failures,
    notes = excluded.notes,
    checked_at = now()
