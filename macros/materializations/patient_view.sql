{% materialization patient_view, adapter='postgres' %}
    {#- One view per patient schema; bare names in its SQL are bound to that schema. -#}
    {%- set asked = require_patients() -%}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}
    {%- set definition = local_md5(sql ~ model.description ~ model.columns) -%}
    {%- set body %}
        {#- Replacing a view waits for its readers, and readers for that: only when there is something new. -#}
        if obj_description(to_regclass('{{ model.name }}'), 'pg_class') like '% [{{ definition }}]' then
            return;
        end if;
        create or replace view {{ model.name }} with (security_invoker = true) as
        {{ sql }};
        {{ patient_comments(model, 'view', ' [' ~ definition ~ ']') }}
    {%- endset -%}
    {%- for patient_id in asked -%}
        {%- call statement('main' if loop.first else 'patient') -%}
            {{ patient_block(patient_id, body, only_if_built=true) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- do raise_if_all_failed(asked) -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
