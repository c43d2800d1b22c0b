{% macro read_legacy_columns(seed) %}
    {#- Once for all patients of a node, and all rows whatever --empty says, which the materialization refuses. A view
        made of another file than this project's would be none of its own; the checksum in the table's comment tells, as
        it tells orchestrator/dbt/seeds.py. Documentation goes without. -#}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {%- set table = seed.render() -%}
    {%- set checksum = graph.nodes['seed.mediabase.legacy_columns'].checksum.checksum -%}
    {%- set is_loaded -%}
        select coalesce(obj_description(to_regclass('{{ table }}'), 'pg_class') like '%[{{ checksum }}]', false)
    {%- endset -%}
    {%- if run_query(is_loaded).rows[0][0] -%}
        {%- set query -%}
            select column_name, data_type, mapping, expression, of_orphan
            from {{ table }} where position is not null order by position
        {%- endset -%}
        {{ return(run_query(query).rows) }}
    {%- endif -%}
    {%- if flags.WHICH != 'generate' -%}
        {{ exceptions.raise_compiler_error(
            "The seed legacy_columns, of which core_transcripts and cancer_transcript_base are made, is missing or not "
            ~ "this project's: run mediabase dbt seed --full-refresh, then this again."
        ) }}
    {%- endif -%}
    {{ return([]) }}
{% endmacro %}
