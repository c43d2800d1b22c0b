-- The largest tables of the catalog: bytes on disk with indexes, rows that are dead, and what autovacuum has done.
select
    relname::text as name,
    pg_total_relation_size(relid) as bytes,
    n_live_tup as rows,
    n_dead_tup as dead_rows,
    autovacuum_count as autovacuums,
    last_autovacuum::text as last_autovacuum
from pg_stat_sys_tables
where schemaname = 'pg_catalog'
order by bytes desc
limit 16
