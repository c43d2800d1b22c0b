{% macro raise_if_all_failed(asked) %}
    {%- set query -%}
        select
            asked.patient_id,
            case
                when journal.patient_id is null then 'The journal does not know this patient: export it first.'
                else coalesce(journal.error_message, journal.error_code || coalesce(' ' || journal.error_constraint, ''))
            end as problem
        from unnest(array['{{ asked | join("', '") }}']) as asked (patient_id)
        left join migration.patient as journal on asked.patient_id = journal.patient_id
        where journal.patient_id is null or {{ has_failed() }}
    {%- endset -%}
    {%- set failed = run_query(query) -%}
    {%- for row in failed.rows -%}
        {%- do log("patient " ~ row[0] ~ " failed: " ~ row[1], info=true) -%}
    {%- endfor -%}
    {%- if failed.rows | length == asked | length -%}
        {{ exceptions.raise_compiler_error("Every asked patient failed; " ~ failed.rows[0][0] ~ ": " ~ failed.rows[0][1]) }}
    {%- endif -%}
{% endmacro %}
