{% macro cohort_members_hash(patients) %}
    {#- Of several patients at once: another patient, one fewer, or other rows of one make another hash. -#}
    md5(coalesce(string_agg(
        {{ patients }}.patient_id || ' ' || {{ patients }}.digest || ' ' || extract(epoch from {{ patients }}.refreshed_at),
        ',' order by {{ patients }}.patient_id collate "C"
    ), ''))
{%- endmacro %}
