-- The example queries of the migration guide, as v0.5.0 has them and through the compatibility view, and whether the
-- view shows what is stored: every row that is not at 1.0, and a few transcripts whatever they are at. Those are named
-- as constants, because the planner looks up no others in the view one by one. The first two queries are asked without
-- the columns for which the view reads all transcripts; validate --deep asks them whole.
{% set view = ref('cancer_transcript_base').include(database=false, schema=false) %}
{% set some_ids %}
    select min(transcript_id), percentile_disc(0.5) within group (order by transcript_id), max(transcript_id)
    from {{ source('core', 'transcripts') }}
    where transcript_id ~ '^[A-Za-z0-9_.-]+$' -- others have no place in a statement's text
{% endset %}
{% set probes = run_query(some_ids).rows[0] | select | list if execute else [] %}
{% set has_drugs = not execute or load_relation(source('core', 'opentargets_known_drugs')) %}
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

stored as not materialized (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('expression_data').include(database=false, schema=false) }}

),

quarantined as not materialized (

    select
        transcript_id,
        expression_fold_change
    from {{ ref('quarantined_expression').include(database=false, schema=false) }}

),

probes as (

    select ids.transcript_id
    from
        unnest(
            array['{{ probes | join("', '") }}']
        ) as ids (transcript_id)
    inner join {{ source('core', 'transcripts') }} as transcripts on ids.transcript_id = transcripts.transcript_id

),

-- Both questions are asked at once, because each reading of the view is planned with all its columns anew. The last arm
-- of the view meets the first of them never, so that of it only the probes are read.
seen as materialized (

    select
        transcript_id,
        expression_fold_change
    from {{ view }}
    where
        expression_fold_change is distinct from 1.0
        or transcript_id in ('{{ probes | join("', '") }}')

),

looked_up as materialized (

    select
        transcript_id,
        expression_fold_change
    from seen
    where transcript_id in ('{{ probes | join("', '") }}')

),

overexpressed as (

    select
        transcript_id,
        expression_fold_change
    from seen
    where expression_fold_change > 2.0
    order by expression_fold_change desc
    limit 20

),

drug_targets as (

    {% if has_drugs -%}
        select
            overexpressed.transcript_id,
            drugs.molecule_name
        from overexpressed
        -- One by one: with a LIMIT the planner does not see how few they are. Hence OFFSET 0.
        cross join
            lateral (
                select transcripts.gene_id from {{ source('core', 'transcripts') }} as transcripts
                where transcripts.transcript_id = overexpressed.transcript_id
                offset 0 -- noqa: AM09
            ) as found
        inner join {{ source('core', 'opentargets_known_drugs') }} as drugs
            on found.gene_id = drugs.target_gene_id
        where overexpressed.expression_fold_change > 3.0 and drugs.is_approved
    {%- else -%}
        select 1 as nothing
        where false
    {%- endif %}

),

suppressor_loss as materialized (

    select
        gene_symbol,
        expression_fold_change,
        round(((1.0 - expression_fold_change) * 100)::numeric, 1) as percent_loss
    from {{ view }}
    where gene_symbol in ('TP53', 'PTEN', 'RB1', 'BRCA1', 'BRCA2') and expression_fold_change < 0.8
    order by expression_fold_change asc

),

changed_in_view as (

    select count(*) as n from seen
    where expression_fold_change is distinct from 1.0

),

changed_stored as (

    select count(*) as n from stored
    where expression_fold_change is distinct from 1.0

),

changed_quarantined as (

    select count(*) as n from quarantined
    where expression_fold_change is distinct from 1.0

),

true_probes as (

    select count(*) as n
    from probes
    inner join looked_up on probes.transcript_id = looked_up.transcript_id
    left join stored on probes.transcript_id = stored.transcript_id
    left join quarantined on probes.transcript_id = quarantined.transcript_id
    where
        looked_up.expression_fold_change is not distinct from case
            when stored.transcript_id is not null then stored.expression_fold_change
            when quarantined.transcript_id is not null then quarantined.expression_fold_change
            else 1.0
        end

)

select
    journal.patient_id,
    changed_in_view.n as changed_in_view,
    true_probes.n as true_probes,
    changed_stored.n + changed_quarantined.n as changed_rows,
    (select count(*) from probes) as probes,
    (select count(*) from overexpressed) as overexpressed_rows,
    (select count(*) from drug_targets) as drug_target_rows,
    (select count(*) from suppressor_loss) as suppressor_rows,
    now() as checked_at
from journal
cross join changed_in_view
cross join changed_stored
cross join changed_quarantined
cross join true_probes
