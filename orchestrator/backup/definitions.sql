-- One digest over what a dump has beyond the rows of tables: definitions, sequences and large objects. It is compared
-- on one server only, because releases write definitions differently. To show a view locks all that it reads until the
-- transaction ends, so that schemas which are not dumped are not looked at either.
with

schemas as (

    select oid, nspname from pg_namespace
    where not starts_with(nspname, 'pg_') and nspname <> 'information_schema'
        and not (nspname = any(%(excluded)s::text []))

),

definitions as (

    select pg_get_functiondef(pg_proc.oid) as text
    from pg_proc
    inner join schemas on pg_proc.pronamespace = schemas.oid
    where prokind in ('f', 'p')
    union all
    select format('%%I.%%I %%s', schemas.nspname, relname, pg_get_viewdef(pg_class.oid))
    from pg_class
    inner join schemas on pg_class.relnamespace = schemas.oid
    where relkind in ('v', 'm')
    union all
    select pg_get_indexdef(pg_class.oid)
    from pg_class
    inner join schemas on pg_class.relnamespace = schemas.oid
    where relkind = 'i'
    union all
    select format('%%s %%s', conrelid::regclass, pg_get_constraintdef(pg_constraint.oid))
    from pg_constraint
    inner join schemas on pg_constraint.connamespace = schemas.oid
    union all
    select pg_get_triggerdef(pg_trigger.oid)
    from pg_trigger
    inner join pg_class on pg_trigger.tgrelid = pg_class.oid
    inner join schemas on pg_class.relnamespace = schemas.oid
    where not tgisinternal
    union all
    select format(
        '%%I.%%I.%%I %%s %%s %%s', schemas.nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull,
        pg_get_expr(adbin, adrelid)
    )
    from pg_attribute
    inner join pg_class on pg_attribute.attrelid = pg_class.oid
    inner join schemas on pg_class.relnamespace = schemas.oid
    left join pg_attrdef on pg_attrdef.adrelid = pg_attribute.attrelid and pg_attrdef.adnum = pg_attribute.attnum
    where relkind in ('r', 'p', 'f', 'c') and attnum > 0 and not attisdropped
    union all
    select format('%%s %%s %%s', enumtypid::regtype, enumsortorder, enumlabel) from pg_enum
    union all
    select format('%%I.%%I %%s', schemaname, sequencename, last_value)
    from pg_sequences
    inner join schemas on pg_sequences.schemaname = schemas.nspname
    union all
    select format('large object %%s %%s', oid, encode(sha256(lo_get(oid)), 'hex')) from pg_largeobject_metadata

)

select encode(sha256(convert_to(coalesce(string_agg(text, chr(10) order by text collate "C"), ''), 'UTF8')), 'hex')
from definitions
