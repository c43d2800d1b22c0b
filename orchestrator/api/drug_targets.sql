-- Query 2 of the guide: drugs for genes above a fold change. A drug that is listed for several indications is one.
with

targets as (

    select distinct
        genes.gene_symbol,
        sparse.transcript_id,
        sparse.expression_fold_change,
        drugs.molecule_name,
        drugs.mechanism_of_action,
        drugs.clinical_phase_label,
        coalesce(drugs.is_approved, false) as is_approved
    from {schema}.expression_data as sparse
    inner join public.transcripts as transcripts on sparse.transcript_id = transcripts.transcript_id
    inner join public.genes as genes on transcripts.gene_id = genes.gene_id
    inner join public.opentargets_known_drugs as drugs on genes.gene_id = drugs.target_gene_id
    where
        sparse.expression_fold_change > %(fold_change_min)s
        and (drugs.is_approved or not %(approved)s)

),

page as (

    select * from targets
    order by
        expression_fold_change desc, transcript_id, molecule_name, mechanism_of_action, clinical_phase_label, is_approved
    limit %(limit)s
    offset %(offset)s

)

select
    count(*) as rows,
    coalesce(
        json_agg(
            page
            order by
                expression_fold_change desc, transcript_id, molecule_name, mechanism_of_action, clinical_phase_label,
                is_approved
        ),
        '[]'
    )::text as items,
    (select count(*) from targets) as found
from page
