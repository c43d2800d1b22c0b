-- A gene in every patient that is current, each by the isoform that is farthest from baseline, and the patients that are
-- not. A patient with a value in quarantine and none beside it has no fold change: nobody can say that it is at baseline.
with

isoforms as materialized (

    select transcripts.transcript_id::text as transcript_id
    from public.genes as genes
    inner join public.transcripts as transcripts on genes.gene_id = transcripts.gene_id
    where genes.gene_symbol = %(gene_symbol)s

),

patients as materialized (

    select
        patient_id,
        is_current,
        reason
    from cohort.cohort_patients

),

found as materialized (

    select
        fold_changes.patient_id,
        fold_changes.transcript_id,
        fold_changes.fold_change,
        abs(ln(fold_changes.fold_change)) as distance
    from isoforms
    inner join cohort.cohort_rows as fold_changes on isoforms.transcript_id = fold_changes.transcript_id

),

farthest as (

    select
        patient_id,
        max(distance) as distance
    from found
    group by patient_id

),

strongest as (

    -- Two isoforms can be as far, up and down.
    select distinct on (found.patient_id collate "C")
        found.patient_id,
        found.transcript_id,
        found.fold_change
    from farthest
    inner join found on farthest.patient_id = found.patient_id and farthest.distance = found.distance
    order by found.patient_id collate "C" asc, found.transcript_id collate "C" asc

),

told as (

    select
        patients.patient_id,
        strongest.transcript_id,
        case
            when strongest.patient_id is not null then strongest.fold_change
            when farthest.patient_id is null then 1.0
        end as fold_change
    from patients
    left join farthest on patients.patient_id = farthest.patient_id
    left join strongest on patients.patient_id = strongest.patient_id
    where patients.is_current

)

select
    (select count(*) from told) as rows,
    (select count(*) from isoforms) as isoforms,
    (
        select
            coalesce(
                json_agg(
                    json_build_object(
                        'patient_id', told.patient_id,
                        'transcript_id', told.transcript_id,
                        'expression_fold_change', told.fold_change
                    )
                    order by told.patient_id collate "C"
                ),
                '[]'
            )::text
        from told
    ) as patients,
    (
        select
            coalesce(
                json_agg(
                    json_build_object('patient_id', patients.patient_id, 'reason', patients.reason)
                    order by patients.patient_id collate "C"
                ),
                '[]'
            )::text
        from patients
        where not patients.is_current
    ) as stale_patients
