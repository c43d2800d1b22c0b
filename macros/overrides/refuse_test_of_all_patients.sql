{% macro refuse_test_of_all_patients(test) %}
    {%- for parent in test.depends_on.nodes -%}
        {%- set room = (graph.nodes.get(parent) or graph.sources.get(parent, {'fqn': ['', '']})).fqn[1] -%}
        {%- if room == 'patient' -%}
            {{ exceptions.raise_compiler_error(
                "dbt " ~ flags.WHICH ~ " looks at one patient: pass --vars 'patient_id: X', or leave out "
                ~ "the patient models with --exclude path:models/patient."
            ) }}
        {%- elif room == 'staging' and flags.STORE_FAILURES -%}
            {{ exceptions.raise_compiler_error(
                "staging has rows of several patients, and stored failures never mix them: "
                ~ "pass --vars 'patient_id: X', or --exclude path:models/staging path:models/patient."
            ) }}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
