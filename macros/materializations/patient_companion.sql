{% materialization patient_companion, adapter='postgres' %}
    {#- The rows are written by another model's node, in one transaction with that model's own. -#}
    {%- do require_patients() -%}
    {%- set leader = model.config.meta.written_by -%}
    {%- if 'model.' ~ model.package_name ~ '.' ~ leader not in selected_resources -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " is written in one transaction with " ~ leader ~ ": select " ~ leader ~ " too."
        ) }}
    {%- endif -%}
    {%- call noop_statement('main', 'WRITTEN WITH ' ~ leader) -%}{{ sql }}{%- endcall -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
