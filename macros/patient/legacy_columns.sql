{% macro legacy_columns(columns, transcript_id, fold_change) %}
        {#- Aggregates are correlated, so that a query pays only for the columns that it names. -#}
        {%- set own = {'transcript_id': transcript_id, 'expression_fold_change': fold_change} -%}
        {%- for column in columns -%}
        {{ own.get(column.column_name, column.expression) }}::{{ column.data_type }} as {{ column.column_name }}
        {{- '' if loop.last else ',\n        ' }}
        {%- endfor -%}
{%- endmacro %}
