select row_to_json(lines)::text
from (
    select
        sparse.transcript_id,
        genes.gene_symbol,
        transcripts.gene_id,
        sparse.expression_fold_change,
        null as quarantine_reason
    from {schema}.expression_data as sparse
    left join public.transcripts as transcripts on sparse.transcript_id = transcripts.transcript_id
    left join public.genes as genes on transcripts.gene_id = genes.gene_id
    union all
    select
        kept.transcript_id,
        genes.gene_symbol,
        transcripts.gene_id,
        null,
        kept.reason
    from {schema}.quarantined_expression as kept
    left join public.transcripts as transcripts on kept.transcript_id = transcripts.transcript_id
    left join public.genes as genes on transcripts.gene_id = genes.gene_id
) as lines
order by lines.transcript_id
