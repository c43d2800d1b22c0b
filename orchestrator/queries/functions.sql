-- Names of the functions that a session finds, and those in one more schema.
select
    proname::text,
    bool_or(pronamespace = to_regnamespace(quote_ident(%(schema)s)))
from pg_proc
where pronamespace in ('pg_catalog'::regnamespace, 'public'::regnamespace, to_regnamespace(quote_ident(%(schema)s)))
group by proname
