{% macro list_schemas(database) %}
    {#- dbt lists all at start, to create what is missing. Patients' schemas are not created there, and are thousands. -#}
    {%- call statement('list_schemas', fetch_result=true, auto_begin=false) -%}
        select nspname from pg_namespace where not starts_with(nspname, 'patient_')
    {%- endcall -%}
    {{ return(load_result('list_schemas').table) }}
{% endmacro %}
