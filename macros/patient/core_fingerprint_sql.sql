{% macro core_fingerprint_sql(transcript_id) -%}
    {#- As orchestrator/legacy/fingerprint.sql takes it. -#}
    count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended({{ transcript_id }}::text, 0)), 0)
{%- endmacro %}
