{% macro first_ids(transcript_id, condition) -%}
    coalesce((array_agg({{ transcript_id }} order by {{ transcript_id }}) filter (where {{ condition }}))[1:20], '{}')
{%- endmacro %}
