{% macro ensure_cohort_table(node, relation) %}
    {#- Made when it is missing, and anew when it is defined otherwise than in the YAML, which the mark in its comment
        tells: what is in it can be worked out again. Views that depend on it follow in the same run. -#}
    {%- set columns = (
        adapter.render_raw_columns_constraints(raw_columns=node.columns)
        + adapter.render_raw_model_constraints(raw_constraints=node.constraints)
    ) | join(',\n') -%}
    {%- set more = node.config.meta.get('after_create', []) -%}
    {%- set mark = ' [' ~ local_md5(columns ~ more | join) ~ ']' -%}
    do $mediabase$
    begin
        perform pg_advisory_xact_lock(hashtextextended('{{ relation }}', 0));
        if right(obj_description(to_regclass('{{ relation }}'), 'pg_class'), {{ mark | length }}) = '{{ mark }}' then
            return;
        end if;
        drop table if exists {{ relation }} cascade;
        create table {{ relation }} (
            {{ columns | indent(12) }}
        );
        perform set_config('search_path', '{{ relation.schema }}', true);
        {%- for ddl in more %}
        {{ ddl }};
        {%- endfor %}
        {{ patient_comments(node, 'table', mark) }}
    end
    $mediabase$;
{% endmacro %}
