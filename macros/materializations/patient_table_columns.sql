{% macro patient_table_columns(node) %}
    {%- set lines = adapter.render_raw_columns_constraints(raw_columns=node.columns)
        + adapter.render_raw_model_constraints(raw_constraints=node.constraints) -%}
    {{ lines | join(',\n') }}
{% endmacro %}
