select
    g.gene_symbol,
    pe.transcript_id,
    pe.expression_fold_change
from {schema}.expression_data as pe
inner join public.transcripts as t on pe.transcript_id = t.transcript_id
inner join public.genes as g on t.gene_id = g.gene_id
where pe.expression_fold_change > 2.0
order by pe.expression_fold_change desc, pe.transcript_id
limit 20
