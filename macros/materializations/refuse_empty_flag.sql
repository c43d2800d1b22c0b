{% macro refuse_empty_flag() %}
    {%- if flags.EMPTY -%}
        {{ exceptions.raise_compiler_error("--empty would empty a patient's tables: " ~ model.name ~ " refuses it.") }}
    {%- endif -%}
{% endmacro %}
