select
    p.pathway_id,
    p.pathway_name,
    p.pathway_source,
    count(distinct t.gene_id) as overexpressed_genes
from {schema}.expression_data as pe
inner join public.transcripts as t on pe.transcript_id = t.transcript_id
inner join public.gene_pathways as p on t.gene_id = p.gene_id
where pe.expression_fold_change > 2.0
group by p.pathway_id, p.pathway_name, p.pathway_source
order by overexpressed_genes desc, p.pathway_name, p.pathway_id
limit 20
