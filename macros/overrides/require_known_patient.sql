{% macro require_known_patient() %}
    {#- Before the first test, which would store its failures for a patient that is none. As written: an id in other
        letters shares the schema, but not what is staged. -#}
    {%- set query -%}
        select 1 from migration.patient where patient_id = '{{ var("patient_id") }}'
    {%- endset -%}
    {%- if not run_query(query).rows -%}
        {{ exceptions.raise_compiler_error("The journal does not know this patient: export it first.") }}
    {%- endif -%}
{% endmacro %}
