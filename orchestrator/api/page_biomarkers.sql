-- Genes of the panels of tumour suppressors and immune checkpoints in one patient, each by the isoform that is farthest
-- from baseline, with the level that its fold change is at.
with

panels as (

    select * from cohort.biomarker_panels
    where panel in ('tumor_suppressor', 'immune_checkpoint')

),

isoforms as materialized (

    select
        genes.gene_symbol,
        transcripts.transcript_id
    from panels
    inner join public.genes as genes on panels.gene_symbol = genes.gene_symbol
    inner join public.transcripts as transcripts on genes.gene_id = transcripts.gene_id

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

found as (

    select
        panels.check_id,
        panels.panel,
        panels.gene_symbol,
        panels.meaning,
        strongest.transcript_id,
        case
            when strongest.transcript_id is not null then strongest.expression_fold_change
            when quarantined.reason is null and panels.gene_symbol in (select gene_symbol from isoforms) then 1.0
        end as fold_change,
        case when strongest.transcript_id is null then quarantined.reason end as quarantine_reason
    from panels
    left join strongest on panels.gene_symbol = strongest.gene_symbol
    left join quarantined on panels.gene_symbol = quarantined.gene_symbol

)

select
    found.panel,
    found.gene_symbol,
    found.transcript_id,
    found.fold_change,
    found.quarantine_reason,
    reached.level,
    coalesce(reached.is_noteworthy, false) as is_noteworthy,
    found.meaning
from found
-- Levels of the gene itself, where there are any, otherwise those of all genes of the check.
left join lateral (
    select
        levels.level,
        levels.is_noteworthy
    from cohort.biomarker_levels as levels
    where
        levels.check_id = found.check_id
        and levels.gene_symbol in (found.gene_symbol, '*')
        and found.fold_change > coalesce(levels.above, '-Infinity')
        and found.fold_change < coalesce(levels.below, 'Infinity')
    order by levels.gene_symbol = '*', levels.rank
    limit 1
) as reached on true
order by found.fold_change nulls last, found.gene_symbol
