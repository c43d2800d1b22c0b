{% macro require_patient_for_tests() %}
    {%- if execute and flags.WHICH in ('test', 'build') -%}
        {%- if var('patient_id', none) is not none -%}
            {%- do require_known_patient() -%}
        {%- else -%}
            {%- for id in selected_resources if id.startswith('test.') -%}
                {%- do refuse_test_of_all_patients(graph.nodes[id]) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
