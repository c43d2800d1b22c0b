{%- set columns = read_legacy_columns(ref('legacy_columns')) -%}
-- Three arms rather than LEFT JOIN + COALESCE: a quarantined value must not read as 1.0, and the planner drops the arm
-- with the constant for predicates that 1.0 cannot meet, so that the index on the fold change is used. No WITH: a CTE
-- would keep the planner from pulling the arms up, and every query would pay for all 23 columns.

select
    {{ legacy_columns(columns, 'sparse') }}
from {{ ref('expression_data').include(database=false, schema=false) }} as sparse
left join {{ ref('core_transcripts') }} as core on sparse.transcript_id = core.transcript_id

union all

select
    {{ legacy_columns(columns, 'quarantined') }}
from {{ ref('quarantined_expression').include(database=false, schema=false) }} as quarantined
left join {{ ref('core_transcripts') }} as core on quarantined.transcript_id = core.transcript_id

union all

select
    {{ legacy_columns(columns) }}
from {{ ref('core_transcripts') }} as core
where
    not exists (
        select 1 from {{ ref('expression_data').include(database=false, schema=false) }} as sparse
        where sparse.transcript_id = core.transcript_id
    )
    and not exists (
        select 1 from {{ ref('quarantined_expression').include(database=false, schema=false) }} as quarantined
        where quarantined.transcript_id = core.transcript_id
    )
