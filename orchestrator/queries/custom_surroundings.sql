-- What there is besides the core's tables: the patient's view, the role that may read it, and which names of functions
-- PostgreSQL has itself.
select
    to_regclass(format('%%I.cancer_transcript_base', %(schema)s::text)) is not null as has_view,
    (select rolname::text from pg_roles where rolname = %(reader)s) as reader,
    array(
        select distinct proname::text
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname = any(%(names)s::text [])
    ) as built_in
