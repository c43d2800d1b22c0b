with

staged as (

    select * from {{ source('staging', 'legacy_expression') }}

),

transcripts as (

    select transcript_id from {{ source('core', 'transcripts') }}

),

with_disposition as (

    select
        staged.patient_id,
        staged.transcript_id,
        staged.expression_fold_change,
        case
            when staged.disposition is not null then staged.disposition
            when staged.expression_fold_change is null then 'null'
            when staged.expression_fold_change = 'NaN' then 'nan'
            when staged.expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
            when staged.expression_fold_change <= 0 then 'not_positive'
            when transcripts.transcript_id is null then 'orphan'
            when staged.expression_fold_change = 1.0 then 'baseline'
            else 'stored'
        end as disposition
    from staged
    left join transcripts on staged.transcript_id = transcripts.transcript_id

)

select * from with_disposition
