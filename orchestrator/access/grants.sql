-- What roles that are the same for all patients may do; safe to run again.
grant usage on schema public to {core_reader};
-- Tables only: a view with its owner's rights could lead to a patient.
do $$
declare
    core_table regclass;
begin
    for core_table in
        select oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    loop
        execute format('grant select on table %s to {core_reader}', core_table);
    end loop;
end
$$;
-- Its reference tables, and what patients' views read; each is granted when dbt makes it.
grant usage on schema cohort to {core_reader};
do $$
begin
    if to_regclass('cohort.core_transcripts') is not null then
        grant select on cohort.core_transcripts to {core_reader};
    end if;
end
$$;

grant {core_reader} to {cohort_reader};
grant select on all tables in schema cohort to {cohort_reader};
alter default privileges in schema cohort grant select on tables to {cohort_reader};
-- The columns of the journal that views of the cohort read, with the rights of whoever asks.
grant usage on schema migration to {cohort_reader};
grant select (
    patient_id, schema_name, state, baseline_rows, built_at, published_at, current_digest, core_fingerprint
) on migration.patient to {cohort_reader};
grant select (patient_id, is_passed, checked_at) on migration.validation to {cohort_reader};

grant {core_reader}, {cohort_reader} to {api_login};
grant usage on schema access to {api_login};
grant execute on function
    access.scope(bytea),
    access.require(bytea),
    access.patients(bytea),
    access.reader_of(bytea, text),
    access.take(text),
    access.enter_patient(bytea, text),
    access.enter_cohort(bytea),
    access.enter_core(),
    access.record(bytea, text, text, bigint)
to {api_login};
