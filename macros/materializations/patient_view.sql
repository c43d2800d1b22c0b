{% materialization patient_view, adapter='postgres' %}
    {#- One view per patient schema; bare names in its SQL are bound to that schema. -#}
    {%- set asked = require_patients() -%}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}
    {%- set definition = local_md5(sql ~ model.description ~ model.columns) -%}
    {%- set body %}
        {#- Replacing a view waits for its readers, and readers for that: only when there is something new. -#}
        if obj_description(to_regclass('{{ model.name }}'), 'pg_class') like '% [{{ definition }}]' then
            continue;
        end if;
        create or replace view {{ model.name }} with (security_invoker = true) as
        {{ sql }};
        {{ patient_comments(model, 'view', ' [' ~ definition ~ ']') }}
    {%- endset -%}
    {%- do build_patients(asked, body) -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
