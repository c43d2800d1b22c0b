-- The additive part of the core upgrade. Safe to run twice: it creates what is missing and changes nothing else.
create table if not exists public.schema_versions (
    version text primary key,
    applied_at timestamptz not null default now(),
    description text
);

-- A server may have the table already, in another shape.
do $$
declare
    version_column text;
begin
    select attname into strict version_column
    from pg_attribute
    where attrelid = 'public.schema_versions'::regclass and attname in ('version', 'version_name') and not attisdropped
    order by attname desc
    limit 1;
    execute format(
        'insert into public.schema_versions (%1$I) select %2$L '
        'where not exists (select from public.schema_versions where %1$I = %2$L)',
        version_column, 'v0.6.0_baseline'
    );
end
$$;

create schema if not exists staging;
comment on schema staging is 'Transient: what an export put here, for as long as a build needs it';
create schema if not exists migration;
comment on schema migration is 'Journal of the migration';
create schema if not exists cohort;
comment on schema cohort is 'Data across patients';

create table if not exists staging.legacy_export (
    patient_id text primary key,
    export_id bigserial not null unique,
    source_database text not null,
    surface text not null,
    surface_class text not null,
    legacy_rows bigint not null,
    staged_rows bigint not null,
    unknown_rows bigint not null,
    missing_rows bigint not null,
    legacy_digest text not null,
    core_fingerprint text not null,
    exported_at timestamptz not null
);

-- One table for all patients: a partition for each would leave dead rows in the catalog, and lock out builds whenever
-- one comes or goes. What an older one has staged in partitions is exported again.
do $$
begin
    if (select relkind from pg_class where oid = to_regclass('staging.legacy_expression')) = 'p' then
        drop table staging.legacy_expression cascade;
        delete from staging.legacy_export;
    end if;
    if to_regclass('staging.legacy_expression') is null then
        create unlogged table staging.legacy_expression (
            patient_id text not null default current_setting('mediabase.patient_id'), -- COPY brings the other columns
            transcript_id text not null,
            expression_fold_change double precision,
            disposition text
        );
        create index legacy_expression_patient_id_idx on staging.legacy_expression (patient_id);
    end if;
end
$$;

create table if not exists staging.patient_manifest (
    patient_id text primary key,
    normalization_method text,
    clinical_notes text,
    cancer_type text,
    cancer_subtype text,
    tissue_type text,
    sample_type text,
    sequencing_platform text,
    read_depth_millions double precision
);

create table if not exists migration.run (
    run_id bigserial primary key,
    command text not null,
    operator text not null default session_user,
    host text not null,
    process_id integer not null,
    options jsonb not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    exit_code integer
);
comment on table migration.run is 'One row per command that changed something; no finished_at: it runs, or it died';

create table if not exists migration.patient (
    patient_id text primary key,
    schema_name text not null unique,
    source_database text not null,
    state text not null check (
        state in ('discovered', 'exported', 'built', 'validated', 'archived', 'dropped', 'failed', 'rolled_back')
    ),
    run_id bigint not null,
    failed_from text,
    export_id bigint,
    surface text,
    legacy_rows bigint,
    stored_rows bigint,
    baseline_rows bigint,
    quarantined_rows bigint,
    quarantine_reasons jsonb,
    missing_rows bigint,
    legacy_digest text,
    current_digest text,
    metadata_digest text,
    core_fingerprint text,
    error_code text,
    error_constraint text,
    error_message text,
    built_at timestamptz,
    published_at timestamptz,
    changed_at timestamptz not null default now()
);

-- What an older journal lacks. Looked up first, because ALTER TABLE waits for readers even when there is nothing to add.
do $$
declare
    missing record;
begin
    for missing in
        select * from (values
            ('staging.legacy_export', 'legacy_system', 'text'),
            ('staging.legacy_export', 'file_format', 'text not null default ''legacy_v0.5.0'''),
            ('staging.legacy_export', 'details', 'jsonb'),
            ('migration.patient', 'legacy_system', 'text'),
            ('migration.patient', 'taken_at', 'timestamptz'),
            ('migration.patient', 'is_valid', 'boolean'),
            ('migration.patient', 'archive', 'text'),
            ('migration.patient', 'archive_digest', 'text'),
            ('migration.patient', 'archived_at', 'timestamptz')
        ) as added (relation, name, type)
        where not exists (
            select from pg_attribute where attrelid = added.relation::regclass and attname = added.name
        )
    loop
        execute format('alter table %s add column %I %s', missing.relation, missing.name, missing.type);
    end loop;
end
$$;

comment on table migration.patient is 'One row per patient: the registry of patient schemas and where each stands';
comment on column migration.patient.legacy_digest is 'sha256 of the legacy rows that the last build was made from';
comment on column migration.patient.current_digest is 'sha256 of the rows read back after that build; null: not yet';
comment on column migration.patient.failed_from is 'State before the failure; the data is still as that says';
comment on column migration.patient.metadata_digest is 'md5 of the metadata row as it was built';
comment on column migration.patient.core_fingerprint is 'Transcript ids of the core that the last build was made for';
comment on column migration.patient.legacy_system is
'system_identifier of the server that the last build was made from';
comment on column migration.patient.taken_at is 'When the legacy data of the last build was read, by the clock there';
comment on column migration.patient.is_valid is 'Whether its data passed validation; null: not looked at since it was built';
comment on column migration.patient.published_at is 'When readers were let in; null: never';
comment on column migration.patient.archive is 'Folder of the latest archive of the legacy database';
comment on column migration.patient.archive_digest is
'sha256 of the manifest of that archive, which has the digests of its files and of every table';

create table if not exists migration.rename (
    legacy_id text primary key,
    patient_id text not null unique deferrable initially deferred,
    run_id bigint not null,
    renamed_at timestamptz not null default now()
);
comment on table migration.rename is 'Patients that are called otherwise in v0.6.0 than their legacy databases say';

create table if not exists migration.event (
    event_id bigserial primary key,
    run_id bigint not null,
    patient_id text,
    at timestamptz not null default clock_timestamp(),
    event text not null,
    detail jsonb not null default '{}'
);
create index if not exists event_run_idx on migration.event (run_id, patient_id);
comment on table migration.event is 'What happened when; never a value of a patient';

create table if not exists migration.validation (
    patient_id text primary key,
    run_id bigint not null,
    is_passed boolean not null,
    failures jsonb not null,
    notes jsonb not null,
    checked_at timestamptz not null default now()
);
comment on table migration.validation is 'What the last validation of each patient found; counts and transcript ids only';
comment on column migration.validation.failures is 'Integrity checks that failed: check, count, transcript ids (first 20)';
comment on column migration.validation.notes is 'Checks that only inform and found something: check and verdict';

create table if not exists migration.legacy_access (
    legacy_system text not null,
    database_name text not null,
    database_oid bigint not null,
    lock_intended_at timestamptz,
    former_read_only text,
    locked_at timestamptz,
    cut_over_intended_at timestamptz,
    former_connect jsonb,
    cut_over_at timestamptz,
    gone_at timestamptz,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (legacy_system, database_name)
);
comment on table migration.legacy_access is
'Legacy databases whose access was changed, or was about to be; what was there before is recorded first';
comment on column migration.legacy_access.legacy_system is 'system_identifier of its server';
comment on column migration.legacy_access.former_read_only is
'default_transaction_read_only of the database before it was locked; null: not set';
comment on column migration.legacy_access.former_connect is 'Who might connect before the cut-over, and who was let in for it';
comment on column migration.legacy_access.gone_at is 'When it was found that there is no such database any more';

create table if not exists cohort.patient_error (
    patient_id text not null,
    relation text not null,
    error_code text not null,
    primary key (patient_id, relation)
);
comment on table cohort.patient_error is 'Facts that could not be worked out for a patient, with the SQLSTATE of the failure';

create or replace function migration.set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at = now();
    return new;
end
$$;

-- The digest of a patient schema: sha256 over what a binary COPY of its stored and quarantined rows, ordered by id,
-- would send. The stream is put together here because sending it costs more than all the rest.
create or replace function migration.patient_digest(patient_schema text) returns text language plpgsql stable
set work_mem = '64MB' set standard_conforming_strings = on as $$ -- sorts a whole patient without a temporary file
declare
    digest text;
begin
    execute format(
        $query$
            select encode(
                sha256(
                    '\x5047434f50590aff0d0a000000000000000000'::bytea -- signature, flags, no extension of the header
                    || coalesce(string_agg(
                        '\x0002'::bytea -- fields in the row
                        || int4send(octet_length(name)) || name
                        || case
                            when expression_fold_change is null then '\xffffffff'::bytea
                            else '\x00000008'::bytea || float8send(expression_fold_change)
                        end,
                        ''::bytea order by name
                    ), ''::bytea)
                    || '\xffff'::bytea -- end of the stream
                ),
                'hex'
            )
            from (
                select convert_to(transcript_id, 'UTF8') as name, expression_fold_change from %1$I.expression_data
                union all
                select convert_to(transcript_id, 'UTF8'), expression_fold_change from %1$I.quarantined_expression
                offset 0 -- or each name would be converted twice
            ) as kept
        $query$,
        patient_schema
    ) into digest;
    return digest;
end
$$;

-- What the journal keeps of a patient's metadata: md5 of the row's text; null unless there is one row. The text is made
-- here and not where the row is, on Citus another node, whose settings may give it another text.
create or replace function migration.metadata_digest(patient_schema text) returns text language plpgsql stable
set timezone = 'UTC' set datestyle = 'ISO' as $$
declare
    kept record;
    digest text;
begin
    for kept in execute format('select * from %I.metadata', patient_schema) loop
        if digest is not null then
            return null;
        end if;
        digest := md5(kept::text);
    end loop;
    return digest;
end
$$;

-- Views and functions of a patient schema, with a digest of what each is. PostgreSQL spells definitions by search_path:
-- here it is always the patient's.
create or replace function migration.patient_definitions(patient_schema text)
returns table (name text, oid oid, digest text) language plpgsql set search_path = pg_catalog as $$
begin
    perform set_config('search_path', quote_ident(patient_schema) || ', public', true);
    return query
    select
        relation.relname::text,
        relation.oid,
        pg_catalog.md5(pg_catalog.pg_get_viewdef(relation.oid))
    from pg_catalog.pg_depend as of_schema
    inner join pg_catalog.pg_class as relation on of_schema.objid = relation.oid
    where of_schema.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and of_schema.refobjid = pg_catalog.to_regnamespace(pg_catalog.quote_ident(patient_schema))
        and of_schema.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and relation.relkind in ('v', 'm')
    union all
    select
        pg_catalog.format('%s(%s)', routine.proname, pg_catalog.oidvectortypes(routine.proargtypes)),
        routine.oid,
        pg_catalog.md5(pg_catalog.pg_get_functiondef(routine.oid))
    from pg_catalog.pg_depend as of_schema
    inner join pg_catalog.pg_proc as routine on of_schema.objid = routine.oid
    where of_schema.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and of_schema.refobjid = pg_catalog.to_regnamespace(pg_catalog.quote_ident(patient_schema))
        and of_schema.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        and routine.prokind in ('f', 'p');
end
$$;
