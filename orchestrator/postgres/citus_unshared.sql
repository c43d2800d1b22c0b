-- Tables of public that are not on every node yet, of those that are wanted and those that refer to them; those that
-- others refer to first.
with recursive

wanted as (

    select
        pg_class.oid as relation,
        0 as depth
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname = any(%(tables)s::text [])
    union
    select
        key.conrelid as relation,
        wanted.depth + 1 as depth
    from wanted
    inner join pg_constraint as key on wanted.relation = key.confrelid and key.contype = 'f'
    where key.conrelid <> key.confrelid and wanted.depth < 10 -- keys may go round in a circle

)

select wanted.relation::regclass::text
from wanted
left join pg_dist_partition on wanted.relation = pg_dist_partition.logicalrelid
where pg_dist_partition.repmodel is distinct from 't'
group by wanted.relation
order by max(wanted.depth), 1
