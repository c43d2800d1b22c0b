select
    g.gene_symbol,
    t.transcript_id,
    coalesce(pe.expression_fold_change, 1.0) as fold_change,
    coalesce(other.expression_fold_change, 1.0) as other_fold_change
from public.genes as g
inner join public.transcripts as t on g.gene_id = t.gene_id
left join {schema}.expression_data as pe on t.transcript_id = pe.transcript_id
left join {other}.expression_data as other on t.transcript_id = other.transcript_id
where g.gene_symbol in ('ERBB2', 'EGFR', 'ESR1')
order by g.gene_symbol, fold_change desc, t.transcript_id
limit 100
