with

dispositions as (

    select * from {{ ref('stg_legacy__expression') }}

),

exports as (

    select * from {{ source('staging', 'legacy_export') }}

)

select
    dispositions.patient_id,
    dispositions.transcript_id,
    dispositions.expression_fold_change,
    dispositions.disposition as reason,
    exports.source_database || '.' || exports.surface as source -- noqa: RF04
from dispositions
inner join exports on dispositions.patient_id = exports.patient_id
where dispositions.disposition not in ('stored', 'baseline')
