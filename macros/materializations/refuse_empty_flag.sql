{% macro refuse_empty_flag() %}
    {%- if flags.EMPTY -%}
        {{ exceptions.raise_compiler_error("--empty would leave patients without rows: " ~ model.name ~ " refuses it.") }}
    {%- endif -%}
{% endmacro %}
