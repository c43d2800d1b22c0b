-- The rules of stg_legacy__expression, written a second time: a row that broke none of them should have been stored.
with

quarantined as (

    select
        transcript_id,
        reason,
        case
            when reason in ('duplicate', 'unmatched') then reason -- an import gives these by the ids alone
            when expression_fold_change is null then 'null'
            when expression_fold_change = 'NaN' then 'nan'
            when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
            when expression_fold_change <= 0 then 'not_positive'
            else 'orphan'
        end as true_reason
    from {{ ref('quarantined_expression') }}

),

core_of_the_build as (

    select core.transcript_id
    from {{ source('core', 'transcripts') }} as core
    where exists (
        select 1 from {{ source('migration', 'patient') }} as journal
        where
            journal.schema_name = '{{ tested_schema() }}'
            and journal.core_fingerprint = (
                select {{ core_fingerprint_sql('transcript_id') }} from {{ source('core', 'transcripts') }}
            )
    )

)

select quarantined.*
from quarantined
left join core_of_the_build on quarantined.transcript_id = core_of_the_build.transcript_id
where
    quarantined.reason <> quarantined.true_reason
    or (
        quarantined.reason in ('orphan', 'duplicate', 'unmatched') and core_of_the_build.transcript_id is not null
    )
