{% materialization patient_table, adapter='postgres' %}
    {#- One table per patient schema out of a model that has a patient_id column. The model and its companions (those
        whose meta says written_by: this model) change together, in one transaction per patient. -#}
    {%- set asked = require_patients() -%}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}

    {%- set members = [patient_member(model, sql)] -%}
    {%- for companion in companion_models(model) -%}
        {%- do members.append(patient_member(companion, render(companion.raw_code))) -%}
    {%- endfor -%}

    {%- set body -%}
        {%- if var('only_structure') %}
        {{ follow_models(members) }}
        {%- else %}
        {%- for hook in pre_hooks %}
        {{ render(hook.sql) }};
        {%- endfor %}
        {%- for member in members %}
        {{ replace_patient_rows(member) }}
        {%- endfor %}
        {%- for hook in post_hooks %}
        {{ render(hook.sql) }};
        {%- endfor %}
        {%- endif %}
    {%- endset -%}

    {%- do build_patients(asked, body, makes_schema=true) -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
