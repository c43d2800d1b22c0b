{% macro cohort_block(patient_ids, node, relation, sql) %}
    {#- Works out the rows of some patients, and keeps the failure of each to itself: as SQLSTATE in
        cohort.patient_error, never as a message, which can carry values. Rows of before are gone either way.
        EXECUTE, because a kept plan would be that of the patient before. -#}
    {%- set columns = node.columns.keys() | join(', ') -%}
    {%- set errors = source('cohort', 'patient_error') -%}
set local statement_timeout = 0;
set local timezone = 'UTC';
set local datestyle = 'ISO';
set local jit = off;
do $mediabase$
declare
    asked record;
    code text;
begin
    for asked in
        select * from (values
            {%- for patient_id in patient_ids %}
            ('{{ patient_id }}', '{{ patient_schema(patient_id) }}'){{ '' if loop.last else ',' }}
            {%- endfor %}
        ) as patients (patient_id, schema_name)
    loop
        delete from {{ relation }} where patient_id = asked.patient_id;
        delete from {{ errors }} where patient_id = asked.patient_id and relation = '{{ node.name }}';
        begin
            perform set_config('search_path', asked.schema_name, true);
            execute $statement$
                insert into {{ relation }} ({{ columns }})
                select {{ columns }}
                from (
                    {{ sql | indent(20) }}
                ) as of_patient
            $statement$;
        exception when others then
            get stacked diagnostics code = returned_sqlstate;
            insert into {{ errors }} (patient_id, relation, error_code)
            values (asked.patient_id, '{{ node.name }}', code);
        end;
    end loop;
end
$mediabase$
{% endmacro %}
