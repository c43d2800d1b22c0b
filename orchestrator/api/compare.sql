-- Genes in one patient, each by the isoform that is farthest from baseline. A gene with a value in quarantine and none
-- beside it has no fold change: nobody can say that it is at baseline.
with

isoforms as materialized (

    select
        genes.gene_symbol,
        transcripts.transcript_id
    from public.genes as genes
    inner join public.transcripts as transcripts on genes.gene_id = transcripts.gene_id
    where genes.gene_symbol = any(%(gene_symbols)s)

),

strongest as (

    select distinct on (isoforms.gene_symbol)
        isoforms.gene_symbol,
        sparse.transcript_id,
        sparse.expression_fold_change
    from isoforms
    inner join {schema}.expression_data as sparse on isoforms.transcript_id = sparse.transcript_id
    order by isoforms.gene_symbol asc, abs(ln(sparse.expression_fold_change)) desc, sparse.transcript_id asc

),

quarantined as (

    select
        isoforms.gene_symbol,
        min(kept.reason) as reason
    from isoforms
    inner join {schema}.quarantined_expression as kept on isoforms.transcript_id = kept.transcript_id
    group by isoforms.gene_symbol

),

genes as (

    select distinct gene_symbol from isoforms

)

select
    count(*) as rows,
    coalesce(
        json_object_agg(
            genes.gene_symbol,
            json_build_object(
                'transcript_id', strongest.transcript_id,
                'expression_fold_change', case
                    when strongest.transcript_id is not null then strongest.expression_fold_change
                    when quarantined.reason is null then 1.0
                end,
                'quarantine_reason', case when strongest.transcript_id is null then quarantined.reason end
            )
            order by genes.gene_symbol
        ),
        '{{}}'
    )::text as items
from genes
left join strongest on genes.gene_symbol = strongest.gene_symbol
left join quarantined on genes.gene_symbol = quarantined.gene_symbol
