-- A row of the journal under the old name, of a patient that was never built, would only be in the way.
with

forgotten as (

    delete from migration.patient where patient_id = %(former)s and built_at is null

)

insert into migration.rename (legacy_id, patient_id, run_id)
values (%(legacy_id)s, %(patient_id)s, %(run_id)s)
on conflict (legacy_id) do update set
    patient_id = excluded.patient_id, run_id = excluded.run_id, renamed_at = excluded.renamed_at
