{% macro first_ids(rows, condition='true') -%}
    array(
        select transcript_id from {{ rows }}
        where {{ condition }}
        order by transcript_id
        limit 20
    )
{%- endmacro %}
