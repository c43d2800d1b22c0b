select found.transcript_id
from (
    (
        select
            transcript_id,
            expression_fold_change > 2.0 as is_found
        from {batch}
        where expression_fold_change > 2.0
        order by expression_fold_change desc
        limit 20
    )
    union all
    select
        seen.transcript_id,
        seen.expression_fold_change > 3.0
    from public.genes
    inner join public.gene_drug_interactions as drugs on genes.gene_id = drugs.gene_id
    inner join (select * from {batch}) as seen on genes.gene_id = seen.gene_id
    where seen.expression_fold_change > 3.0
    union all
    select
        transcript_id,
        expression_fold_change < 0.8
    from {batch}
    where gene_symbol in ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2') and expression_fold_change < 0.8
) as found
where not found.is_found
