-- Pathways by how many of their genes are above a fold change, beside how many genes each has in the core.
with

overexpressed as (

    select
        transcripts.gene_id,
        max(sparse.expression_fold_change) as fold_change
    from {schema}.expression_data as sparse
    inner join public.transcripts as transcripts on sparse.transcript_id = transcripts.transcript_id
    where sparse.expression_fold_change > %(fold_change_min)s
    group by transcripts.gene_id

),

found as (

    select
        pathways.pathway_id,
        pathways.pathway_name,
        pathways.pathway_source,
        count(*) as genes,
        count(overexpressed.gene_id) as overexpressed_genes,
        avg(overexpressed.fold_change) as mean_fold_change,
        max(overexpressed.fold_change) as highest_fold_change
    from (
        select distinct
            gene_id,
            pathway_id,
            pathway_name,
            pathway_source
        from public.gene_pathways
    ) as pathways
    left join overexpressed on pathways.gene_id = overexpressed.gene_id
    group by pathways.pathway_id, pathways.pathway_name, pathways.pathway_source
    having count(overexpressed.gene_id) >= %(genes_min)s

),

page as (

    select * from found
    order by overexpressed_genes desc, pathway_name, pathway_source, pathway_id
    limit %(limit)s
    offset %(offset)s

)

select
    count(*) as rows,
    coalesce(
        json_agg(page order by overexpressed_genes desc, pathway_name, pathway_source, pathway_id), '[]'
    )::text as items
from page
