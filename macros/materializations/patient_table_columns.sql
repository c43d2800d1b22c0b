{% macro patient_table_columns(node) %}
    {#- Without the primary key, which is cheaper to add once the rows are there. -#}
    {%- set others = node.constraints | rejectattr('type', 'equalto', 'primary_key') | list -%}
    {%- set lines = adapter.render_raw_columns_constraints(raw_columns=node.columns)
        + adapter.render_raw_model_constraints(raw_constraints=others) -%}
    {{ lines | join(',\n') }}
{% endmacro %}
