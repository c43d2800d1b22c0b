{% macro postgres__get_create_sql(relation, sql) %}
    {#- The schema of stored failures, in the transaction that makes the first table in it. Nobody is granted anything
        on it. The lock is for a second test that makes it at the same time. -#}
    {%- if relation.schema.startswith('audit_') %}
    select pg_advisory_xact_lock(hashtextextended('{{ relation.without_identifier() }}', 0));
    create schema if not exists {{ relation.without_identifier().include(database=false) }};
    {%- endif %}
    {{ default__get_create_sql(relation, sql) }}
{% endmacro %}
