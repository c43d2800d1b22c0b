{% macro patient_comments(node, kind, mark='') %}
    comment on {{ kind }} {{ node.name }} is '{{ (node.description | trim ~ mark) | replace("'", "''") }}';
    {%- for column in node.columns.values() %}
    comment on column {{ node.name }}.{{ column.name }} is '{{ column.description | trim | replace("'", "''") }}';
    {%- endfor %}
{% endmacro %}
