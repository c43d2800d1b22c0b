{% macro and_asked_patient(column='patient_id') -%}
    {%- if var('patient_id', none) is not none %}and {{ column }} = '{{ asked_patients()[0] }}'{% endif -%}
{%- endmacro %}
