-- What the core's schema holds; a partition is a part of its table.
select
    relation.relname::text as name,
    relation.relkind::text as kind,
    exists (select from pg_index where indrelid = relation.oid and indisprimary) as has_primary_key,
    array(
        select attname::text
        from pg_attribute
        where attrelid = relation.oid and attnum > 0 and not attisdropped
        order by attname collate "C"
    ) as columns
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = 'public'
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (
        select
        from pg_inherits
        inner join pg_class as parent on pg_inherits.inhparent = parent.oid
        where pg_inherits.inhrelid = relation.oid
            and relation.relispartition and parent.relnamespace = relation.relnamespace
    )
order by relation.relname collate "C"
