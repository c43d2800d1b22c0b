{% macro no_limits() %}
    {#- Limits that a role or a database has for everyday work would end a build in the middle. For the session: it lasts
        no longer than a dbt call. The last one is of PostgreSQL 17 and newer. -#}
    set statement_timeout = 0;
    set lock_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null
{% endmacro %}
