{% materialization patient_view, adapter='postgres' %}
    {#- One view per patient schema; bare names in its SQL are bound to that schema. -#}
    {%- set asked = require_patients() -%}
    {%- for patient_id in asked -%}
        {%- set body %}
            create or replace view {{ model.name }} with (security_invoker = true) as
            {{ sql }};
            {{ patient_comments(model, 'view') }}
        {%- endset -%}
        {%- call statement('main' if loop.first else 'patient') -%}
            {{ patient_block(patient_id, body, only_if_built=true) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- do raise_if_all_failed(asked) -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
