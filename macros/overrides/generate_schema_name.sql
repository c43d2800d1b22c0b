{% macro generate_schema_name(custom_schema_name, node) %}
    {#- A patient model without the one patient has no schema of its own: it is placed in the target schema, which
        exists, and the materializations do not use that. -#}
    {%- set asked = asked_patients() -%}
    {%- if node.fqn[1] == 'patient' and asked | length == 1 -%}
        {{ return(patient_schema(asked[0])) }}
    {%- endif -%}
    {{ return(custom_schema_name or target.schema) }}
{% endmacro %}
