{% macro refresh_function(node, relation, sql) %}
    {#- Replaces the rows of one patient, where the table has a patient_id, otherwise all. A failure is raised: the rows
        of before stay, and they are known to be stale. EXECUTE, because a kept plan would be that of the patient
        before. -#}
    {%- set columns = node.columns.keys() | join(', ') -%}
    {%- set of_patient = 'patient_id' in node.columns -%}
    {%- set name = relation.schema ~ '.fill_' ~ node.name -%}
    {%- set function = name ~ ('(text, text)' if of_patient else '()') -%}
create or replace function {{ name }}({{ 'asked text, patient_schema text' if of_patient }}) returns bigint
language plpgsql
set search_path = pg_catalog
set timezone = 'UTC'
set jit = off
as $mediabase$
declare
    written bigint;
begin
    {%- if of_patient %}
    delete from {{ relation }} where patient_id = asked;
    perform set_config('search_path', patient_schema, true);
    {%- else %}
    delete from {{ relation }};
    {%- endif %}
    execute $statement$
        insert into {{ relation }} ({{ columns }})
        select {{ columns }}
        from (
            {{ sql | indent(12) }}
        ) as filled
    $statement$;
    get diagnostics written = row_count;
    return written;
end
$mediabase$;
revoke execute on function {{ function }} from public;
comment on function {{ function }} is 'Fills {{ node.name }}{{ " for a patient, given id and schema" if of_patient }}; returns how many rows it has written';
{% endmacro %}
