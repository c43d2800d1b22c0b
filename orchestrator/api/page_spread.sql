-- How the stored fold changes of a patient are spread, and its ten farthest transcripts on either side; one row.
with

stored as not materialized (

    select
        sparse.transcript_id,
        sparse.expression_fold_change as fold_change
    from {schema}.expression_data as sparse

),

bounds as (

    select array_agg(lowest order by lowest) as lowest from cohort.fold_change_classes

),

counted as (

    select
        width_bucket(stored.fold_change, bounds.lowest) as number,
        count(*) as n
    from stored
    cross join bounds
    group by width_bucket(stored.fold_change, bounds.lowest)

),

top as (

    (
        select
            'up' as side,
            transcript_id,
            fold_change
        from stored
        where fold_change > 1.0
        order by fold_change desc, transcript_id asc
        limit 10
    )
    union all
    (
        select
            'down' as side,
            transcript_id,
            fold_change
        from stored
        where fold_change < 1.0
        order by fold_change asc, transcript_id asc
        limit 10
    )

),

named as (

    select
        top.side,
        top.fold_change,
        json_build_array(coalesce(nullif(genes.gene_symbol, ''), top.transcript_id), top.transcript_id, top.fold_change)
            as gene
    from top
    left join public.transcripts as transcripts on top.transcript_id = transcripts.transcript_id
    left join public.genes as genes on transcripts.gene_id = genes.gene_id

)

select
    count(*) as finite_rows,
    count(*) filter (where fold_change > 1.0) as above_baseline,
    min(fold_change) as lowest,
    percentile_cont(0.25) within group (order by fold_change) as quartile_1,
    percentile_cont(0.5) within group (order by fold_change) as median,
    percentile_cont(0.75) within group (order by fold_change) as quartile_3,
    max(fold_change) as highest,
    (select coalesce(jsonb_object_agg(number, n), '{{}}') from counted) as rows_by_class,
    (select coalesce(json_agg(gene order by fold_change desc), '[]') from named where side = 'up') as top_up,
    (select coalesce(json_agg(gene order by fold_change), '[]') from named where side = 'down') as top_down
from stored
