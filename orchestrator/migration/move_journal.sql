-- The copies are the legacy databases now; without this every patient that changed would be of another server.
update migration.patient as patient set legacy_system = %(now)s
where to_jsonb(patient) ->> 'legacy_system' = %(before)s
