{% macro patient_member(node, sql) %}
    {#- A relation that a patient_table node writes: its model, its SQL, and the columns that the SQL fills. This is the
        enforced contract of a sharded model: patient_id to shard by, and otherwise only columns of the YAML. -#}
    {%- set found = get_column_schema_from_query(sql) | map(attribute='name') | list -%}
    {%- set known = node.columns.keys() | list -%}
    {%- if 'patient_id' not in found or found | reject('in', known + ['patient_id']) | list -%}
        {{ exceptions.raise_compiler_error(
            node.name ~ " must select patient_id and columns of its YAML; it selects " ~ found | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return({'node': node, 'sql': sql, 'columns': found | select('in', known) | list}) }}
{% endmacro %}
