{% materialization cohort_refreshed, adapter='postgres' %}
    {#- A table across patients that `mediabase cohort refresh` fills, by the function that is kept here. dbt makes both
        and fills nothing: which patients changed is known by the journal, and a run would not ask it. -#}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}
    {%- call statement('main') -%}
        {{ ensure_cohort_table(model, this) }}
        {{ refresh_function(model, this, sql) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
