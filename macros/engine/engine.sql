{% macro engine() %}
    {#- The one place where macros learn what the target is. Nothing is asked while dbt only parses. -#}
    {%- if not execute -%} {{ return('postgresql') }} {%- endif -%}
    {%- set query -%} select 1 as found from pg_extension where extname = 'citus' {%- endset -%}
    {{ return('citus' if run_query(query).rows else 'postgresql') }}
{% endmacro %}
