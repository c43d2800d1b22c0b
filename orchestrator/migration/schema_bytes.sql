-- Bytes of a schema's tables on disk, with their indexes and TOAST.
select coalesce(sum({bytes}), 0)::bigint as bytes
from pg_class
where relnamespace = to_regnamespace(quote_ident(%(schema_name)s)) and relkind = 'r'
