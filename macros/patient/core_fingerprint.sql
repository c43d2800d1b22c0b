{% macro core_fingerprint() %}
    {#- As orchestrator/legacy/fingerprint.sql takes it; once for all patients of a node. -#}
    {%- if not execute -%} {{ return('') }} {%- endif -%}
    {%- set query -%}
        select count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(transcript_id::text, 0)), 0)
        from {{ source('core', 'transcripts') }}
    {%- endset -%}
    {{ return(run_query(query).rows[0][0]) }}
{% endmacro %}
