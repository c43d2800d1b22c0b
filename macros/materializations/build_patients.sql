{% macro build_patients(patient_ids, body, makes_schema=false) %}
    {#- A statement and a transaction for some patients: sending and following one for each would cost dbt more than
        building takes, and one for all would keep the locks of all. -#}
    {%- for some in patient_ids | batch(patients_a_transaction(16)) -%}
        {%- call statement('main' if loop.first else 'patients') -%}
            {{ patient_block(some, body, makes_schema) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- do raise_if_all_failed(patient_ids) -%}
{% endmacro %}
