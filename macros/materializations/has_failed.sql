{% macro has_failed() -%}
    {#- Of the journal's row of a patient. What only makes its relations follow the models goes on with one that has failed
        for another reason. -#}
    {{ "journal.error_code = 'MB060'" if var('only_structure') else "journal.state = 'failed'" }}
{%- endmacro %}
