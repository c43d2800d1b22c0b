{% macro first_ids(rows, condition='true') -%}
    array(
        select {{ rows }}.transcript_id from {{ rows }}
        where {{ condition }}
        order by {{ rows }}.transcript_id
        limit 20
    )
{%- endmacro %}
