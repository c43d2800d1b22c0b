-- The example queries of the migration guide, as v0.5.0 has them and through the compatibility view, and whether the
-- view shows what is stored: every row that is not at 1.0, and three transcripts that nothing is stored for.
{% set view = ref('cancer_transcript_base').include(database=false, schema=false) %}
{% set has_drugs = not execute or load_relation(source('core', 'opentargets_known_drugs')) %}
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

stored as (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('expression_data').include(database=false, schema=false) }}

),

quarantined as (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('quarantined_expression').include(database=false, schema=false) }}

),

probes as materialized (

    select transcript_id
    from {{ source('core', 'transcripts') }} as transcripts
    where
        not exists (select 1 from stored where stored.transcript_id = transcripts.transcript_id)
        and not exists (select 1 from quarantined where quarantined.transcript_id = transcripts.transcript_id)
    limit 3

),

overexpressed as (

    select
        gene_symbol,
        expression_fold_change
    from {{ view }}
    where expression_fold_change > 2.0
    order by expression_fold_change desc
    limit 20

),

drug_targets as (

    {% if has_drugs -%}
        select
            seen.gene_symbol,
            seen.expression_fold_change,
            drugs.molecule_name
        from {{ view }} as seen
        inner join {{ source('core', 'genes') }} as genes on seen.gene_id = genes.gene_id
        inner join {{ source('core', 'opentargets_known_drugs') }} as drugs on genes.gene_id = drugs.target_gene_id
        where seen.expression_fold_change > 3.0 and drugs.is_approved
    {%- else -%}
        select 1 as nothing
        where false
    {%- endif %}

),

suppressor_loss as (

    select
        gene_symbol,
        expression_fold_change,
        round(((1.0 - expression_fold_change) * 100)::numeric, 1) as percent_loss
    from {{ view }}
    where gene_symbol in ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2') and expression_fold_change < 0.8

)

select
    journal.patient_id,
    (
        select count(*) from {{ view }}
        where expression_fold_change is distinct from 1.0
    ) as changed_in_view,
    (select count(*) from stored where expression_fold_change is distinct from 1.0)
    + (select count(*) from quarantined where expression_fold_change is distinct from 1.0) as changed_rows,
    (
        select count(*) from {{ view }} as seen
        inner join probes on seen.transcript_id = probes.transcript_id
        where seen.expression_fold_change = 1.0
    ) as baseline_in_view,
    (select count(*) from probes) as baseline_probes,
    (select count(*) from overexpressed) as overexpressed_rows,
    (select count(*) from drug_targets) as drug_target_rows,
    (select count(*) from suppressor_loss) as suppressor_rows,
    now() as checked_at
from journal
