{% macro patient_schema(patient_id) %}
    {{ return('patient_' ~ modules.re.sub('[.-]', '_', patient_id | lower)) }}
{% endmacro %}
