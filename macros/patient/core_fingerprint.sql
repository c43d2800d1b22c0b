{% macro core_fingerprint() %}
    {#- Once for all patients of a node. -#}
    {%- if not execute -%} {{ return('') }} {%- endif -%}
    {%- set query -%}
        select {{ core_fingerprint_sql('transcript_id') }} from {{ source('core', 'transcripts') }}
    {%- endset -%}
    {{ return(run_query(query).rows[0][0]) }}
{% endmacro %}
