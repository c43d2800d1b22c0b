-- The legacy tables that hold fold changes, the type of the value, and whether ids are known to be unique. Run once in
-- each database, by a server process that knows nothing yet: every relation and function named here has to be looked up.
select
    case id.attrelid
        when to_regclass('public.transcripts') then 'transcripts' else 'cancer_transcript_base'
    end as name,
    format_type(value.atttypid, null) as value_type,
    id.attnotnull and exists (
        select 1
        from pg_index
        where pg_index.indrelid = id.attrelid
            and pg_index.indisunique
            and pg_index.indisvalid
            and pg_index.indpred is null
            and pg_index.indnkeyatts = 1
            and pg_index.indkey[0] = id.attnum
    ) as has_unique_ids
from pg_attribute as id
inner join pg_attribute as value
    on id.attrelid = value.attrelid and value.attname = 'expression_fold_change' and not value.attisdropped
where id.attrelid in (to_regclass('public.cancer_transcript_base'), to_regclass('public.transcripts'))
    and id.attname = 'transcript_id' and not id.attisdropped
order by id.attrelid = to_regclass('public.transcripts')
