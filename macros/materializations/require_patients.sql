{% macro require_patients() %}
    {%- set asked = asked_patients() -%}
    {%- if not asked -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " is built per patient: pass --vars 'patient_id: X', or --vars '{patient_ids: [\"X\", \"Y\"]}'."
        ) }}
    {%- endif -%}
    {{ return(asked) }}
{% endmacro %}
