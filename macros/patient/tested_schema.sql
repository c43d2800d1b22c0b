{% macro tested_schema() %}
    {#- The journal is looked up by schema, so that a test compares a patient's relations with that patient's row
        however the id was written. -#}
    {%- set patient_id = var('patient_id', none) -%}
    {{ return(target.schema if patient_id is none else patient_schema(patient_id)) }}
{% endmacro %}
