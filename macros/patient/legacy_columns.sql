{% macro legacy_columns(columns, rows=none) %}
        {#- What the core has of all transcripts is in one view for all patients: in each patient's it would be a third of
            the catalog. A row whose transcript the core lacks reads there as v0.5.0 wrote such columns, not as null. -#}
        {%- for column in columns -%}
        {%- set name = column.column_name -%}
        {%- if name == 'expression_fold_change' -%}
        {{ rows ~ '.' ~ name if rows else '1.0::double precision' }}
        {%- elif rows and name == 'transcript_id' -%}
        {{ rows }}.{{ name }}::text
        {%- elif rows and column.mapping == 'none' -%}
        {{ column.expression }}::{{ column.data_type }}
        {%- elif rows and column.of_orphan -%}
        coalesce(core.{{ name }}, {{ column.of_orphan }})
        {%- else -%}
        core.{{ name }}
        {%- endif %} as {{ name }}
        {{- '' if loop.last else ',\n        ' }}
        {%- endfor -%}
{%- endmacro %}
