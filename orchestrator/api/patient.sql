-- What there is to know of a patient besides its rows; one row.
select
    1 as rows,
    json_build_object(
        'metadata', (select to_jsonb(metadata) - 'patient_id' from {schema}.metadata),
        'statistics', json_build_object(
            'stored', count(*),
            'baseline', (
                select count(*) from public.transcripts as core
                where
                    not exists (
                        select from {schema}.expression_data as sparse
                        where sparse.transcript_id = core.transcript_id
                    )
                    and not exists (
                        select from {schema}.quarantined_expression as kept
                        where kept.transcript_id = core.transcript_id
                    )
            ),
            'quarantined', (
                select coalesce(jsonb_object_agg(reason, n), '{{}}')
                from (
                    select reason, count(*) as n from {schema}.quarantined_expression
                    group by reason
                ) as reasons
            ),
            'overexpressed', count(*) filter (where expression_fold_change >= 2.0),
            'underexpressed', count(*) filter (where expression_fold_change <= 0.5),
            'lowest', min(expression_fold_change),
            'median', percentile_cont(0.5) within group (order by expression_fold_change),
            'highest', max(expression_fold_change)
        )
    )::text as item
from {schema}.expression_data
