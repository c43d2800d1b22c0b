-- One row for each asked patient: what the checks are about. A fact that could not be worked out is among
-- failed_statements; 0, false and an empty list are good in every other column.
with

asked as (

    select
        patient_id,
        schema_name
    from migration.patient
    where patient_id = any(%(patient_ids)s::text [])

),

failed as (

    select
        patient_id,
        array_agg(relation || ' ' || error_code order by relation) as failed_statements
    from cohort.patient_error
    where patient_id = any(%(patient_ids)s::text [])
    group by patient_id

),

implausible as (

    select
        patient_id,
        array_agg(fact order by fact) filter (where check_id = 'A4') as a4_faults,
        array_agg(fact order by fact) filter (where check_id = 'D1') as d1_faults,
        array_agg(fact order by fact) filter (where check_id = 'D2') as d2_faults,
        array_agg(fact order by fact) filter (where check_id = 'D3') as d3_faults
    from cohort.patient_plausibility
    where patient_id = any(%(patient_ids)s::text []) and not is_plausible
    group by patient_id

),

phenotypes as (

    select
        patient_id,
        array_agg(verdict) filter (where check_id = 'B1') as b1_findings,
        array_agg(verdict) filter (where check_id = 'B2') as b2_findings,
        array_agg(verdict) filter (where check_id = 'B3') as b3_findings,
        array_agg(verdict) filter (where check_id = 'B4') as b4_findings
    from cohort.patient_phenotypes
    where patient_id = any(%(patient_ids)s::text []) and is_claimed and verdict <> 'concordant'
    group by patient_id

),

biomarkers as (

    select
        patient_id,
        array_agg(gene_symbol || ' ' || level order by gene_symbol) filter (where check_id = 'C1') as c1_findings,
        array_agg(gene_symbol || ' ' || level order by gene_symbol) filter (where check_id = 'C2') as c2_findings,
        array_agg(gene_symbol || ' ' || level order by gene_symbol) filter (where check_id = 'C3') as c3_findings
    from cohort.patient_biomarkers
    where patient_id = any(%(patient_ids)s::text []) and is_noteworthy
    group by patient_id

)

select
    asked.patient_id,
    asked.schema_name,
    facts.digest,
    coalesce(failed.failed_statements, '{}')
    || array_remove(
        array[
            case when structure.patient_id is null then 'patient_structure' end,
            case when facts.patient_id is null then 'patient_facts' end,
            case when metadata.patient_id is null then 'patient_metadata' end,
            case when distribution.patient_id is null then 'patient_distribution' end,
            case when queries.patient_id is null then 'patient_queries' end
        ],
        null
    ) as failed_statements,
    (structure.has_schema is not true)::integer as missing_schemas,
    structure.structure_faults,
    structure.index_faults,
    facts.baseline_stored,
    facts.baseline_ids,
    facts.orphans_stored,
    facts.orphan_ids,
    facts.not_positive_finite,
    facts.bad_ids,
    metadata.metadata_faults,
    (metadata.is_as_built is false)::integer as metadata_edits,
    facts.count_faults,
    (facts.digest is distinct from facts.proven_digest)::integer as changed_digests,
    facts.doubled_rows,
    facts.doubled_ids,
    facts.wrong_reasons,
    facts.wrong_ids,
    array_remove(
        array[
            case when queries.changed_in_view <> queries.changed_rows then 'rows that are not at 1.0' end,
            case when queries.true_probes <> queries.probes then 'transcripts looked up' end
        ],
        null
    ) as view_faults,
    (queries.patient_id is null)::integer as queries_not_run,
    (summary.is_stale is not false)::integer as not_in_summary,
    (summary.is_sound is not true)::integer as not_sound,
    implausible.a4_faults,
    implausible.d1_faults,
    implausible.d2_faults,
    implausible.d3_faults,
    phenotypes.b1_findings,
    phenotypes.b2_findings,
    phenotypes.b3_findings,
    phenotypes.b4_findings,
    biomarkers.c1_findings,
    biomarkers.c2_findings,
    biomarkers.c3_findings
from asked
left join failed on asked.patient_id = failed.patient_id
left join cohort.patient_structure as structure on asked.patient_id = structure.patient_id
left join cohort.patient_facts as facts on asked.patient_id = facts.patient_id
left join cohort.patient_metadata as metadata on asked.patient_id = metadata.patient_id
left join cohort.patient_distribution as distribution on asked.patient_id = distribution.patient_id
left join cohort.patient_queries as queries on asked.patient_id = queries.patient_id
left join cohort.cohort_summary as summary on asked.patient_id = summary.patient_id
left join implausible on asked.patient_id = implausible.patient_id
left join phenotypes on asked.patient_id = phenotypes.patient_id
left join biomarkers on asked.patient_id = biomarkers.patient_id
