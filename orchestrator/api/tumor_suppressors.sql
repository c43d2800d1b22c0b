-- Query 3 of the guide, for all genes of the panel: transcripts below a fold change, and how much of 1.0 is lost.
with

losses as (

    select
        genes.gene_symbol,
        sparse.transcript_id,
        sparse.expression_fold_change,
        (1.0 - sparse.expression_fold_change) * 100 as percent_loss,
        panels.meaning
    from cohort.biomarker_panels as panels
    inner join public.genes as genes on panels.gene_symbol = genes.gene_symbol
    inner join public.transcripts as transcripts on genes.gene_id = transcripts.gene_id
    inner join {schema}.expression_data as sparse on transcripts.transcript_id = sparse.transcript_id
    where panels.panel = 'tumor_suppressor' and sparse.expression_fold_change < %(fold_change_max)s

)

select
    count(*) as rows,
    coalesce(json_agg(losses order by expression_fold_change, transcript_id), '[]')::text as items
from losses
