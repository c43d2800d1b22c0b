{% macro replace_patient_rows(member) %}
    {#- The table keeps its identity over rebuilds: grants, dependent views, triggers and readers' snapshots survive. -#}
    {%- set node = member.node -%}
    {%- set columns = member.columns | join(', ') %}
        is_new := to_regclass('{{ node.name }}') is null;
        if is_new then
            create table {{ node.name }} (
                {{ patient_table_columns(node) | indent(16) }}
            );
        else
            delete from {{ node.name }};
        end if;
        written := 0;
        {%- set unless = node.config.meta.get('no_rows_when') %}
        {%- if unless %}
        if not ({{ unless }}) then
        {%- endif %}
        insert into {{ node.name }} ({{ columns }})
        select {{ columns }}
        from (
            {{ member.sql | indent(12) }}
        ) as of_all_patients
        where patient_id = asked;
        get diagnostics written = row_count;
        {%- if unless %}
        end if;
        {%- endif %}
        rows_of := rows_of || jsonb_build_object('{{ node.name }}', written);
        if is_new then
            {%- for key in adapter.render_raw_model_constraints(
                raw_constraints=node.constraints | selectattr('type', 'equalto', 'primary_key') | list
            ) %}
            alter table {{ node.name }} add {{ key }};
            {%- endfor %}
            {%- for ddl in node.config.meta.get('after_create', []) %}
            {{ ddl }};
            {%- endfor %}
            {{ patient_comments(node, 'table') | indent(12) }}
        end if;
{% endmacro %}
