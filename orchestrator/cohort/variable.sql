-- The transcripts that vary most over the patients that are current, and the patients that are not. When a patient changed
-- since this was worked out there are none.
with

most as (

    select
        transcript_id,
        patients,
        changed,
        mean_log2,
        variance_log2
    from cohort.cohort_variable
    where variance_log2 is not null
    order by variance_log2 desc nulls last, transcript_id asc
    limit %(limit)s

),

named as (

    select
        most.transcript_id,
        genes.gene_symbol,
        most.patients,
        most.changed,
        most.mean_log2,
        most.variance_log2
    from most
    left join public.transcripts as transcripts on most.transcript_id = transcripts.transcript_id
    left join public.genes as genes on transcripts.gene_id = genes.gene_id

)

select
    (select count(*) from most) as rows,
    state.is_current,
    state.patients,
    state.worked_out_at,
    (
        select coalesce(json_agg(named order by named.variance_log2 desc, named.transcript_id collate "C"), '[]')::text
        from named
    ) as transcripts,
    (
        select
            coalesce(
                json_agg(
                    json_build_object('patient_id', stale.patient_id, 'reason', stale.reason)
                    order by stale.patient_id collate "C"
                ),
                '[]'
            )::text
        from cohort.cohort_patients as stale
        where not stale.is_current
    ) as stale_patients
from cohort.cohort_variability_state as state
