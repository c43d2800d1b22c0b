{% macro cohort_function(node, relation, sql) %}
    {#- Works out the rows of one patient, and keeps a failure to itself: as SQLSTATE in cohort.patient_error, never as a
        message, which can carry values. Rows of before are gone either way. EXECUTE, because a kept plan would be that
        of the patient before; not so of a model whose SQL has no name in the patient's schema (meta has_plan_of_all).
        That one puts `patient_schema` into the search path itself: a plan is kept for the path that it was made in. -#}
    {%- set has_plan_of_all = node.config.meta.get('has_plan_of_all', false) -%}
    {%- set columns = node.columns.keys() | join(', ') -%}
    {%- set function = relation.schema ~ '.fill_' ~ node.name ~ '(text, text)' -%}
    {%- set errors = source('cohort', 'patient_error') -%}
create or replace function {{ relation.schema }}.fill_{{ node.name }}(asked text, patient_schema text) returns void
language plpgsql
set search_path = pg_catalog
set timezone = 'UTC'
set datestyle = 'ISO'
set standard_conforming_strings = on
set jit = off
set enable_mergejoin = off -- what it could win is less than it takes to plan, for each patient anew
as $mediabase$
declare
    code text;
begin
    delete from {{ relation }} where patient_id = asked;
    delete from {{ errors }} where patient_id = asked and relation = '{{ node.name }}';
    begin
        {%- if not has_plan_of_all %}
        perform set_config('search_path', patient_schema, true);
        execute $statement$
        {%- endif %}
            insert into {{ relation }} ({{ columns }})
            select {{ columns }}
            from (
                {{ sql | indent(16) }}
            ) as of_patient
        {{- ';' if has_plan_of_all }}
        {%- if not has_plan_of_all %}
        $statement$;
        {%- endif %}
    exception when others then
        get stacked diagnostics code = returned_sqlstate;
        insert into {{ errors }} (patient_id, relation, error_code) values (asked, '{{ node.name }}', code);
    end;
end
$mediabase$;
revoke execute on function {{ function }} from public;
comment on function {{ function }} is 'Works out the row of {{ node.name }} for a patient, given id and schema';
{% endmacro %}
