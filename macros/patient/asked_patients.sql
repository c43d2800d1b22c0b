{% macro asked_patients() %}
    {#- Checked here, at parse, because an adapter does not escape identifiers. -#}
    {%- set one = var('patient_id', none) -%}
    {%- set many = var('patient_ids', none) -%}
    {%- if one is not none and many is not none -%}
        {{ exceptions.raise_compiler_error("Give either patient_id or patient_ids, not both.") }}
    {%- endif -%}
    {%- if many is not none and (many is string or many is mapping or many is not sequence) -%}
        {{ exceptions.raise_compiler_error("patient_ids is a list: --vars '{patient_ids: [\"X\", \"Y\"]}'.") }}
    {%- endif -%}
    {%- set asked = [one] if one is not none else (many or []) -%}
    {%- for patient_id in asked -%}
        {%- if patient_id is not string or not modules.re.fullmatch('[A-Za-z0-9][A-Za-z0-9_.-]{0,44}', patient_id) -%}
            {{ exceptions.raise_compiler_error(
                "Not a patient id (1 to 45 letters, digits, '_', '-', '.', as a quoted string): " ~ patient_id
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('on_bad_rows') not in ('quarantine', 'fail') -%}
        {{ exceptions.raise_compiler_error("on_bad_rows is quarantine or fail.") }}
    {%- endif -%}
    {{ return(asked) }}
{% endmacro %}
