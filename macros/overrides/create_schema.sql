{% macro create_schema(relation) %}
    {#- dbt creates schemas before the first node runs; a patient's schema is created by the build that fills it, and
        one for stored failures with the first of them, so that a refused run leaves nothing behind. dbt commits
        afterwards, hence a statement to commit. -#}
    {%- if relation.schema.startswith(('patient_', 'audit_')) -%}
        {%- call statement('leave_schema_to_its_first_table') -%} select 1 {%- endcall -%}
    {%- else -%}
        {{ adapter.dispatch('create_schema', 'dbt')(relation) }}
    {%- endif -%}
{% endmacro %}
