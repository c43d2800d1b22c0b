-- Triggers and rules of tables and views.
select
    pg_catalog.format('%%I on %%I.%%I', attached.name, namespace.nspname, relation.relname) as label,
    attached.kind,
    namespace.nspname::text as schema,
    relation.relname::text as relation,
    attached.definition
from (
    select tgrelid as relation_oid, tgname as name, 'trigger' as kind, pg_catalog.pg_get_triggerdef(oid) as definition
    from pg_catalog.pg_trigger
    where not tgisinternal
    union all
    select ev_class, rulename, 'rule', pg_catalog.pg_get_ruledef(oid)
    from pg_catalog.pg_rewrite
    where rulename <> '_RETURN'
) as attached
inner join pg_catalog.pg_class as relation on attached.relation_oid = relation.oid
inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
where namespace.nspname = any(%(schemas)s::text [])
order by label
