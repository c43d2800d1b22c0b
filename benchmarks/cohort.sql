-- Patients %(first)s to %(last)s of a cohort, made up where a refresh would put them: the journal, the facts, the members
-- and their rows. About every %(nth)s-th transcript of the core is not at baseline, which ones differs by patient.
with

numbered as (

    select
        number,
        'SYNTHETIC-' || lpad(number::text, 6, '0') as patient_id
    from generate_series(%(first)s::integer, %(last)s::integer) as number

),

journal as (

    insert into migration.patient (
        patient_id, schema_name, source_database, state, run_id, current_digest, core_fingerprint, built_at, published_at
    )
    select
        patient_id,
        'patient_' || replace(lower(patient_id), '-', '_'),
        'none',
        'validated',
        0,
        md5(patient_id),
        'none',
        now(),
        now()
    from numbered

),

facts as (

    insert into cohort.patient_facts (patient_id, digest)
    select
        patient_id,
        md5(patient_id)
    from numbered

),

members as (

    insert into cohort.cohort_member (patient_id, digest, core_fingerprint, built_at, relation, refreshed_at)
    select
        patient_id,
        md5(patient_id),
        'none',
        now(),
        'cohort.cohort_rows'::regclass::oid,
        now()
    from numbered

)

insert into cohort.cohort_rows (transcript_id, patient_id, fold_change)
select
    transcripts.transcript_id,
    numbered.patient_id,
    exp(((hashtext(transcripts.transcript_id || numbered.patient_id) %% 1000) + 0.5) / 400)
from numbered
cross join public.transcripts
where hashtext(numbered.patient_id || transcripts.transcript_id) %% %(nth)s::integer = 0
order by transcripts.transcript_id, numbered.patient_id
