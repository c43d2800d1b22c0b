{% macro no_limits() %}
    {#- Limits that a role or a database has for everyday work would end a build in the middle. For the session: it lasts
        no longer than a dbt call. The last but one is of PostgreSQL 17 and newer, the last of Citus, where
        otherwise each schema that is made, or is there already, might be distributed as a patient's is. -#}
    set statement_timeout = 0;
    set lock_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null;
    select set_config('citus.enable_schema_based_sharding', 'off', false)
    where current_setting('citus.version', true) is not null
{% endmacro %}
