{% macro patient_block(patient_ids, body, makes_schema=false) %}
    {#- One statement that builds some patients, and keeps the failure of each to itself. What failed is recorded as
        SQLSTATE and constraint name; a message only where it is our own (class MB), because others can carry values. Its
        commit does not wait for the disk: a crash of the server takes rows and journal back together, and publishing
        waits. Names are bound anew for each patient, since PostgreSQL keeps a plan with its search_path; a plan for all
        would look at every staged export. -#}
    {%- set only_structure = var('only_structure') -%}
set local synchronous_commit = off;
set local timezone = 'UTC';
set local datestyle = 'ISO';
set local plan_cache_mode = force_custom_plan;
do $mediabase$
#variable_conflict use_column
declare
    asked text;
    patient_schema text;
    journal migration.patient%rowtype;
    is_new boolean;
    written bigint;
    rows_of jsonb;
    staged_rows bigint;
    code text; broken_constraint text; message text;
begin
    for asked, patient_schema in
        values
        {%- for patient_id in patient_ids %}
        ('{{ patient_id }}', '{{ patient_schema(patient_id) }}'){{ '' if loop.last else ',' }}
        {%- endfor %}
    loop
        select * into journal from migration.patient where patient_id = asked for update;
        {%- if only_structure or not makes_schema %}
        if {{ has_failed() }}{{ ' or journal.built_at is null' if only_structure }} then
            continue;
        end if;
        {%- endif %}
        rows_of := '{}';
        begin
            {%- if makes_schema and not only_structure %}
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
            {%- if only_structure %}
            message := 'Its relations could not be upgraded (' || code || '); they are as they were.';
            code := 'MB060';
            {%- endif %}
            update migration.patient set
                failed_from = case when state = 'failed' then failed_from else state end,
                state = 'failed',
                error_code = code,
                error_constraint = nullif(broken_constraint, ''),
                error_message = case when code like 'MB%' then message end,
                changed_at = clock_timestamp()
            where patient_id = asked;
        end;
    end loop;
end
$mediabase$
{% endmacro %}
