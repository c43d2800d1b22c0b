-- The legacy tables that hold fold changes, the type of the value, and whether ids are known to be unique.
select
    wanted.name,
    format_type(value.atttypid, null) as value_type,
    exists (
        select 1
        from pg_index
        where pg_index.indrelid = to_regclass('public.' || quote_ident(wanted.name))
            and pg_index.indisunique
            and pg_index.indisvalid
            and pg_index.indpred is null
            and pg_index.indnkeyatts = 1
            and pg_index.indkey[0] = id.attnum
            and id.attnotnull
    ) as has_unique_ids
from (values (1, 'cancer_transcript_base'), (2, 'transcripts')) as wanted (position, name)
inner join pg_attribute as id
    on id.attrelid = to_regclass('public.' || quote_ident(wanted.name))
        and id.attname = 'transcript_id' and not id.attisdropped
inner join pg_attribute as value
    on value.attrelid = id.attrelid
        and value.attname = 'expression_fold_change' and not value.attisdropped
order by wanted.position
