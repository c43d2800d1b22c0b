{% macro generate_schema_name(custom_schema_name, node) %}
    {#- A patient model without the one patient has no schema of its own: it is placed in the target schema, which
        exists, and the materializations do not use that. A list decides nothing here, even a list of one, so that a
        parsed project serves any list. The failures that a test stores are a patient's data: never in a schema that
        other patients' tests use, and not in the patient's own, which has readers. -#}
    {%- do asked_patients() -%}
    {%- set patient_id = var('patient_id', none) -%}
    {%- if node.resource_type == 'test' -%}
        {{ return('audit_' ~ ('shared' if patient_id is none else patient_schema(patient_id))) }}
    {%- endif -%}
    {%- if node.fqn[1] == 'patient' and patient_id is not none -%}
        {{ return(patient_schema(patient_id)) }}
    {%- endif -%}
    {{ return(custom_schema_name or target.schema) }}
{% endmacro %}
