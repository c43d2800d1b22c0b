-- Tokens of the API and the record of what was read with them. Additive, as the upgrade of the core that it is a part of.
create schema if not exists access;
comment on schema access is 'Tokens of the API, and the record of each access to data of patients';

create table if not exists access.token (
    token_id bigserial primary key,
    name text not null,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    patient_ids text[] not null,
    all_patients boolean not null,
    cohort boolean not null,
    created_by text not null default session_user,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create unique index if not exists token_name_idx on access.token (name) where revoked_at is null;
comment on table access.token is 'Tokens of the API: what each opens and until when';
comment on column access.token.token_hash is 'sha256 of the text of the token, which is kept nowhere';
comment on column access.token.all_patients is 'Every patient, also those that come later';
comment on column access.token.cohort is 'What schema cohort says of all patients';

create table if not exists access.audit (
    audit_id bigserial primary key,
    at timestamptz not null default clock_timestamp(),
    token_id bigint not null,
    patient_id text,
    endpoint text not null,
    rows bigint not null
);
comment on table access.audit is 'Each access to data of patients through the API; never a value of a patient';
comment on column access.audit.patient_id is 'The patient; null for lists of patients and for the cohort';
comment on column access.audit.rows is 'Rows that were handed out';

-- Functions are the only way in for the API's login. Those with their owner's rights have a search_path of their own.
create or replace function access.scope(token_hash bytea)
returns table (token_id bigint, name text, patient_ids text [], all_patients boolean, cohort boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select known.token_id, known.name, known.patient_ids, known.all_patients, known.cohort
    from access.token as known
    where known.token_hash = scope.token_hash and known.revoked_at is null and known.expires_at > clock_timestamp()
$$;
comment on function access.scope(bytea) is 'What a token opens; no row when it is unknown, expired or revoked';

create or replace function access.require(token_hash bytea) returns access.token
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    known access.token;
begin
    select * into known from access.token
    where token.token_hash = require.token_hash and revoked_at is null and expires_at > clock_timestamp();
    if not found then
        raise exception using errcode = 'MB401', message = 'This token is unknown, expired or revoked.';
    end if;
    return known;
end
$$;
comment on function access.require(bytea) is 'A token that is valid; raises MB401 for any other';

create or replace function access.patients(token_hash bytea)
returns table (
    patient_id text, schema_name text, state text, expression_data_count bigint, quarantined_count bigint,
    created_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    known constant access.token not null := access.require(token_hash);
begin
    return query
    select
        patient.patient_id, patient.schema_name, patient.state, patient.stored_rows, patient.quarantined_rows,
        patient.published_at
    from migration.patient
    where patient.published_at is not null
        and (known.all_patients or patient.patient_id = any(known.patient_ids))
    order by patient.patient_id collate "C";
end
$$;
comment on function access.patients(bytea) is 'Published patients that a token opens; raises MB401';

create or replace function access.reader_of(token_hash bytea, patient_id text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    known constant access.token not null := access.require(token_hash);
    reader text;
begin
    select 'reader_' || patient.schema_name into reader
    from migration.patient
    where patient.patient_id = reader_of.patient_id
        and patient.published_at is not null
        and (known.all_patients or patient.patient_id = any(known.patient_ids));
    if not found then
        raise exception using errcode = 'MB404', message = 'No such patient, or none that this token opens.';
    end if;
    return reader;
end
$$;
comment on function access.reader_of(bytea, text) is 'Reader role of a patient that a token opens; raises MB401, MB404';

-- These take a role until the end of the transaction, so they run with the rights of who calls: PostgreSQL itself
-- decides whether that login may take it. Nothing here goes by a search_path.
create or replace function access.take(role text) returns void
language plpgsql as $$
begin
    perform
        pg_catalog.set_config('role', role, true),
        -- For the transaction, because a session behind a pooler is not the login's own.
        pg_catalog.set_config('timezone', 'UTC', true),
        pg_catalog.set_config('statement_timeout', '30s', true),
        -- To compile a query takes longer than what is asked here.
        pg_catalog.set_config('jit', 'off', true);
end
$$;
comment on function access.take(text) is 'Takes a role, and settings of readers, until the end of the transaction';

create or replace function access.enter_patient(token_hash bytea, patient_id text) returns void
language plpgsql as $$
begin
    perform access.take(access.reader_of(token_hash, patient_id));
end
$$;
comment on function access.enter_patient(bytea, text) is
'Takes the reader role of a patient until the end of the transaction; raises MB401, MB404';

create or replace function access.enter_cohort(token_hash bytea) returns void
language plpgsql as $$
begin
    if not (access.require(token_hash)).cohort then
        raise exception using errcode = 'MB403', message = 'This token does not open the cohort.';
    end if;
    perform access.take('reader_cohort');
end
$$;
comment on function access.enter_cohort(bytea) is
'Takes the role of cohort readers until the end of the transaction; raises MB401, MB403';

create or replace function access.enter_core() returns void
language plpgsql as $$
begin
    perform access.take('reader_core');
end
$$;
comment on function access.enter_core() is 'Takes the role of core readers until the end of the transaction';

create or replace function access.record(token_hash bytea, patient_id text, endpoint text, rows bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into access.audit (token_id, patient_id, endpoint, rows)
    select known.token_id, record.patient_id, record.endpoint, record.rows
    from access.token as known
    where known.token_hash = record.token_hash
$$;
comment on function access.record(bytea, text, text, bigint) is 'Records that data was read; patient_id null: of several';

revoke execute on all functions in schema access from public;
revoke execute on all functions in schema migration from public;
