{% macro distribute_patient() %}
    {#- On Citus all tables of a patient go to one node. A table that a block makes is not distributed when it is made,
        so that the first rows are written twice, and what stays of them here is emptied. Citus takes triggers that look
        at nothing but the row, where it is told to. -#}
    {%- if engine() == 'citus' %}
        if not exists (select from pg_dist_schema where schemaid = to_regnamespace(patient_schema)) then
            perform set_config('citus.enable_unsafe_triggers', 'on', true);
            perform citus_schema_distribute(to_regnamespace(patient_schema));
            perform truncate_local_data_after_distributing_table(oid) from pg_class
            where relnamespace = to_regnamespace(patient_schema) and relkind = 'r';
        end if
    {%- else %}
        null
    {%- endif %}
{% endmacro %}
