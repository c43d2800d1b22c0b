{% macro patient_block(patient_id, body, only_if_built=false) %}
    {#- One statement that builds one patient and keeps its failure to itself. What failed is recorded as SQLSTATE and
        constraint name; a message only where it is our own (class MB), because others can carry values. Its commit does
        not wait for the disk: a crash of the server takes rows and journal back together, and publishing waits. -#}
set local synchronous_commit = off;
set local timezone = 'UTC';
set local datestyle = 'ISO';
do $mediabase$
#variable_conflict use_column
declare
    asked constant text := '{{ patient_id }}';
    patient_schema constant text := '{{ patient_schema(patient_id) }}';
    journal migration.patient%rowtype;
    is_new boolean;
    written bigint;
    rows_of jsonb := '{}';
    staged_rows bigint;
    code text; broken_constraint text; message text;
begin
    select * into journal from migration.patient where patient_id = asked for update;
    {%- if only_if_built %}
    if journal.state = 'failed' then
        return;
    end if;
    {%- endif %}
    begin
        {%- if not only_if_built %}
        if to_regnamespace(patient_schema) is null then
            execute format('create schema %I', patient_schema);
            execute format('comment on schema %I is %L', patient_schema, 'Fold changes of patient ' || asked);
        end if;
        {%- endif %}
        perform set_config('search_path', patient_schema, true);
        {{ body }}
    exception when others then
        get stacked diagnostics
            code = returned_sqlstate, broken_constraint = constraint_name, message = message_text;
        update migration.patient set
            failed_from = case when state = 'failed' then failed_from else state end,
            state = 'failed',
            error_code = code,
            error_constraint = nullif(broken_constraint, ''),
            error_message = case when code like 'MB%' then message end,
            changed_at = clock_timestamp()
        where patient_id = asked;
    end;
end
$mediabase$
{% endmacro %}
