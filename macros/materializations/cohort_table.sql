{% materialization cohort_table, adapter='postgres' %}
    {#- One table for all patients, in which each patient's rows are worked out in its own schema and on their own:
        bare names in the model's SQL are bound to that schema. The SQL is kept as a function of the patient, which
        whoever validates calls, without dbt; a run does so for the asked patients, of which there may be none. A
        transaction for each would cost more than what it does, and one for all would hold the locks of all. -#}
    {%- set patients_a_transaction = 20 -%}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}
    {%- call statement('main') -%}
        {{ ensure_cohort_table(model, this) }}
        {{ cohort_function(model, this, sql) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- for some in asked_patients() | batch(patients_a_transaction) -%}
        {%- call statement('some') -%}
            select
            {%- for patient_id in some %}
                {{ this.schema }}.fill_{{ model.name }}('{{ patient_id }}', '{{ patient_schema(patient_id) }}'){{ '' if loop.last else ',' }}
            {%- endfor %}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
