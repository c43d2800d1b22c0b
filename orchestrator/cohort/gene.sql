-- A gene in every patient that is current, each by the isoform that is farthest from baseline, and the patients that are
-- not. A patient with a value in quarantine and none beside it has no fold change: nobody can say that it is at baseline.
with

isoforms as materialized (

    select transcripts.transcript_id::text as transcript_id
    from public.genes as genes
    inner join public.transcripts as transcripts on genes.gene_id = transcripts.gene_id
    where genes.gene_symbol = %(gene_symbol)s

),

strongest as (

    select distinct on (fold_changes.patient_id collate "C")
        fold_changes.patient_id,
        fold_changes.transcript_id,
        fold_changes.fold_change
    from isoforms
    inner join cohort.cohort_rows as fold_changes on isoforms.transcript_id = fold_changes.transcript_id
    order by
        fold_changes.patient_id collate "C" asc,
        abs(ln(fold_changes.fold_change)) desc nulls last,
        fold_changes.transcript_id collate "C" asc

),

-- Those of cohort_expression, by the view that decides on them, which is read once for both lists.
told as materialized (

    select
        patients.patient_id,
        patients.is_current,
        patients.reason,
        case when strongest.fold_change is not null then strongest.transcript_id end as transcript_id,
        case when strongest.patient_id is null then 1.0 else strongest.fold_change end as fold_change
    from cohort.cohort_patients as patients
    left join strongest on patients.patient_id = strongest.patient_id

)

select
    count(*) filter (where is_current) as rows,
    (select count(*) from isoforms) as isoforms,
    coalesce(
        json_agg(
            json_build_object(
                'patient_id', patient_id, 'transcript_id', transcript_id, 'expression_fold_change', fold_change
            )
            order by patient_id collate "C"
        ) filter (where is_current),
        '[]'
    )::text as patients,
    coalesce(
        json_agg(json_build_object('patient_id', patient_id, 'reason', reason) order by patient_id collate "C")
        filter (where not is_current),
        '[]'
    )::text as stale_patients
from told
