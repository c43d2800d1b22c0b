{% macro core_columns(columns) %}
        {#- Aggregates are correlated, so that a query pays only for the columns that it names. -#}
        {%- for column in columns | selectattr('expression') -%}
        {{ column.expression }}::{{ column.data_type }} as {{ column.column_name }}
        {{- '' if loop.last else ',\n    ' }}
        {%- endfor -%}
{%- endmacro %}
