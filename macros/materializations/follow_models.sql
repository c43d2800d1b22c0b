{% macro follow_models(members) %}
        {#- Adds to a patient's tables the columns that the YAML has and they have not; no row changes. What a build left of
            metadata counts as that also with a new column. -#}
        declare
            added text;
            is_as_built boolean := journal.metadata_digest = migration.metadata_digest(patient_schema);
        begin
            {%- for member in members %}
            {%- set node = member.node %}
            select string_agg('add column ' || wanted.definition, ', ' order by wanted.position) into added
            from (
                values
                {%- for column in node.columns.values() %}
                {%- set definition = adapter.render_raw_columns_constraints(raw_columns={column.name: column})[0] %}
                ({{ loop.index }}, '{{ column.name }}', '{{ definition | replace("'", "''") }}'){{ '' if loop.last else ',' }}
                {%- endfor %}
            ) as wanted (position, name, definition)
            where not exists (
                select from pg_attribute
                where attrelid = '{{ node.name }}'::regclass and attname = wanted.name and not attisdropped
            );
            if added is not null then
                execute 'alter table {{ node.name }} ' || added;
                {{ patient_comments(node, 'table') | indent(12) }}
            end if;
            {%- endfor %}
            if is_as_built then
                update migration.patient set metadata_digest = migration.metadata_digest(patient_schema)
                where patient_id = asked;
            end if;
        end;
{% endmacro %}
