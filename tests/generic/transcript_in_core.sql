{% test transcript_in_core(model, column_name) %}

select tested.{{ column_name }}
from {{ model }} as tested
where not exists (
    select 1 from {{ source('core', 'transcripts') }} as core
    where core.transcript_id = tested.{{ column_name }}
)

{% endtest %}
