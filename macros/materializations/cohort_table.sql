{% materialization cohort_table, adapter='postgres' %}
    {#- One table for all patients, in which each patient's rows are worked out in its own schema and on their own:
        bare names in the model's SQL are bound to that schema. A statement for each patient would cost more than what
        it does, and one for all would hold the locks of all. -#}
    {%- set patients_a_statement = 20 -%}
    {%- set asked = require_patients() -%}
    {%- do refuse_empty_flag() -%}
    {%- call statement('prepare') -%}
        {{ ensure_cohort_table(model, this) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- for some in asked | batch(patients_a_statement) -%}
        {%- call statement('main' if loop.first else 'some') -%}
            {{ cohort_block(some, model, this, sql) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
