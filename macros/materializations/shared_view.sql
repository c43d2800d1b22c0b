{% materialization shared_view, adapter='postgres' %}
    {#- A view that every worker may build at any time, one at a time. Replacing a view waits for its readers, and new
        readers for that: only when there is something new, which the mark in its comment tells. dbt's own view swaps
        names, and two runs at once collide on the name of the backup. A view whose columns are others than before is
        made anew, and the views that hang on it follow in the same run. It reads with the rights of whoever asks.
        With meta patients_read_it nothing is dropped along: columns can be added at the end, and anything else fails while
        patients' views read it. Behind its replacement readers of all patients wait, hence not for long. -#}
    {%- do refuse_empty_flag() -%}
    {%- call statement('limits') -%}{{ no_limits() }}{%- endcall -%}
    {%- set rights = 'with (security_invoker = true)' -%}
    {%- set of_patients = model.config.meta.get('patients_read_it', false) -%}
    {%- set mark = ' [' ~ local_md5(rights ~ sql ~ model.description) ~ ']' -%}
    {%- call statement('main') -%}
        do $mediabase$
        begin
            perform pg_advisory_xact_lock(hashtextextended('{{ this }}', 0));
            if right(obj_description(to_regclass('{{ this }}'), 'pg_class'), {{ mark | length }}) = '{{ mark }}' then
                return;
            end if;
            {%- if of_patients %}
            perform set_config('lock_timeout', '10s', true);
            {%- endif %}
            begin
                create or replace view {{ this }} {{ rights }} as
                {{ sql | indent(16) }};
            exception when invalid_table_definition then
                drop view {{ this }}{{ '' if of_patients else ' cascade' }};
                create view {{ this }} {{ rights }} as
                {{ sql | indent(16) }};
            end;
            comment on view {{ this }} is '{{ (model.description | trim ~ mark) | replace("'", "''") }}';
            {%- if of_patients %}
            {{ let_core_readers_read(this) | indent(12) }};
            {%- endif %}
        end
        $mediabase$
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
