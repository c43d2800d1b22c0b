{% macro require_patient_for_tests() %}
    {%- if execute and flags.WHICH in ('test', 'build') and var('patient_id', none) is none -%}
        {%- for id in selected_resources if id.startswith('test.') -%}
            {%- for parent in graph.nodes[id].depends_on.nodes if graph.nodes.get(parent, {}).get('fqn', ['', ''])[1] == 'patient' -%}
                {{ exceptions.raise_compiler_error(
                    "dbt " ~ flags.WHICH ~ " looks at one patient: pass --vars 'patient_id: X', or leave out "
                    ~ "the patient models with --exclude path:models/patient."
                ) }}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
