{% macro raise_if_all_failed(asked) %}
    {%- set query -%}
        select patient_id, coalesce(error_message, error_code || coalesce(' ' || error_constraint, ''))
        from migration.patient
        where state = 'failed' and patient_id in ('{{ asked | join("', '") }}')
    {%- endset -%}
    {%- set failed = run_query(query) -%}
    {%- for row in failed.rows -%}
        {%- do log("patient " ~ row[0] ~ " failed: " ~ row[1], info=true) -%}
    {%- endfor -%}
    {%- if failed.rows | length == asked | length -%}
        {{ exceptions.raise_compiler_error("Every asked patient failed; " ~ failed.rows[0][0] ~ ": " ~ failed.rows[0][1]) }}
    {%- endif -%}
{% endmacro %}
