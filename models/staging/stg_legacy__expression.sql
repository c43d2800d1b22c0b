with

staged as (

    select * from {{ source('staging', 'legacy_expression') }}

),

exports as (

    select * from {{ source('staging', 'legacy_export') }}

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
            -- Exports compared all ids with the core's: where none found one that the core lacks, none is looked up. A
            -- question about all that is staged, asked once; a join would ask it for each row.
            when
                exists (
                    select 1 from exports
                    where exports.unknown_rows > 0
                )
                and not exists (
                    select 1 from transcripts
                    where transcripts.transcript_id = staged.transcript_id
                )
                then 'orphan'
            when staged.expression_fold_change = 1.0 then 'baseline'
            else 'stored'
        end as disposition
    from staged

)

select * from with_disposition
