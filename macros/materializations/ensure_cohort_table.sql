{% macro ensure_cohort_table(node, relation) %}
    {#- Made when it is missing, and anew when its columns are others than those of the YAML: what is in it can be
        worked out again. Views that depend on it follow in the same run. -#}
    {%- set columns = node.columns.keys() | list -%}
    do $mediabase$
    begin
        perform pg_advisory_xact_lock(hashtextextended('{{ relation }}', 0));
        if to_regclass('{{ relation }}') is null or array['{{ columns | join("', '") }}'] <> (
            select array_agg(attname::text order by attnum) from pg_attribute
            where attrelid = to_regclass('{{ relation }}') and attnum > 0 and not attisdropped
        ) then
            drop table if exists {{ relation }} cascade;
            create table {{ relation }} (
                {{ (
                    adapter.render_raw_columns_constraints(raw_columns=node.columns)
                    + adapter.render_raw_model_constraints(raw_constraints=node.constraints)
                ) | join(',\n') }}
            );
            perform set_config('search_path', '{{ relation.schema }}', true);
            {{ patient_comments(node, 'table') }}
        end if;
    end
    $mediabase$;
{% endmacro %}
