-- The columns of a patient schema that parity reads, with their type; null where the table or the column is gone.
select
    wanted.relation,
    to_regclass(format('%%I.%%I', %(schema)s::text, wanted.relation)) is not null as has_relation,
    wanted.name,
    format_type(pg_attribute.atttypid, null) as type
from (
    values
    (1, 'expression_data', 'transcript_id'),
    (2, 'expression_data', 'expression_fold_change'),
    (3, 'quarantined_expression', 'transcript_id'),
    (4, 'quarantined_expression', 'expression_fold_change'),
    (5, 'quarantined_expression', 'reason')
) as wanted (position, relation, name)
left join pg_attribute
    on pg_attribute.attrelid = to_regclass(format('%%I.%%I', %(schema)s::text, wanted.relation))
        and pg_attribute.attname = wanted.name and not pg_attribute.attisdropped
order by wanted.position
