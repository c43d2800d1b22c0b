-- How the stored fold changes of one patient are spread, and its most over- and underexpressed genes.
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

stored as not materialized (

    select
        transcript_id,
        expression_fold_change as fold_change
    from {{ ref('expression_data').include(database=false, schema=false) }}
    where expression_fold_change > 0 and expression_fold_change < 'Infinity'

),

classes as (

    select * from {{ ref('fold_change_classes') }}

),

summed_up as (

    select
        count(*) as finite_rows,
        min(fold_change) as lowest,
        max(fold_change) as highest,
        avg(ln(fold_change) / ln(2)) as mean_log2,
        count(*) filter (where fold_change > 1.0) as above_baseline,
        percentile_cont(array[0.25, 0.5, 0.75]) within group (order by fold_change) as quartiles
    from stored

),

bounds as (

    select array_agg(lowest order by lowest) as lowest from classes

),

counted as (

    select
        width_bucket(fold_change, (select bounds.lowest from bounds)) as class, -- noqa: RF04
        count(*) as n
    from stored
    group by class

),

in_classes as (

    select jsonb_object_agg(classes.class, coalesce(counted.n, 0)) as rows_by_class
    from classes
    left join counted on classes.class = counted.class

),

top_up as (

    select
        transcript_id,
        fold_change
    from stored
    where fold_change > 1.0
    order by fold_change desc, transcript_id asc
    limit 10

),

top_down as (

    select
        transcript_id,
        fold_change
    from stored
    where fold_change < 1.0
    order by fold_change asc, transcript_id asc
    limit 10

),

top as (

    select * from top_up
    union all
    select * from top_down

),

-- Genes of both at once: each table that is joined twice would be planned twice.
named as (

    select
        top.transcript_id,
        top.fold_change,
        top.fold_change > 1.0 as is_up,
        jsonb_build_object(
            'gene_symbol', genes.gene_symbol,
            'transcript_id', top.transcript_id,
            'fold_change', top.fold_change
        ) as as_json
    from top
    left join {{ source('core', 'transcripts') }} as transcripts on top.transcript_id = transcripts.transcript_id
    left join {{ source('core', 'genes') }} as genes on transcripts.gene_id = genes.gene_id

),

tops as (

    select
        coalesce(
            jsonb_agg(as_json order by fold_change desc, transcript_id asc) filter (where is_up), '[]'
        ) as top_up,
        coalesce(
            jsonb_agg(as_json order by fold_change asc, transcript_id asc) filter (where not is_up), '[]'
        ) as top_down
    from named

)

select
    journal.patient_id,
    summed_up.finite_rows,
    summed_up.above_baseline,
    summed_up.lowest,
    summed_up.highest,
    summed_up.mean_log2,
    in_classes.rows_by_class,
    tops.top_up,
    tops.top_down,
    summed_up.quartiles[1] as quartile_1,
    summed_up.quartiles[2] as median,
    summed_up.quartiles[3] as quartile_3,
    now() as checked_at
from journal
cross join summed_up
cross join in_classes
cross join tops
