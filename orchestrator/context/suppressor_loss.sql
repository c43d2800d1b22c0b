select
    g.gene_symbol,
    pe.transcript_id,
    pe.expression_fold_change,
    round(((1.0 - pe.expression_fold_change) * 100)::numeric, 1) as percent_loss
from {schema}.expression_data as pe
inner join public.transcripts as t on pe.transcript_id = t.transcript_id
inner join public.genes as g on t.gene_id = g.gene_id
where pe.expression_fold_change < 0.8 and g.gene_symbol in ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2')
order by pe.expression_fold_change, pe.transcript_id
limit 100
