{% materialization shared_view, adapter='postgres' %}
    {#- A view that every worker may build at any time: replaced in place, one at a time. dbt's own view swaps names, and
        two runs at once collide on the name of the backup. A view whose columns are others than before cannot be
        replaced: it is made anew, and the views that hang on it follow in the same run. -#}
    {%- do refuse_empty_flag() -%}
    {%- call statement('one_at_a_time') -%}
        select pg_advisory_xact_lock(hashtextextended('{{ this }}', 0))
    {%- endcall -%}
    {%- call statement('main') -%}
        do $mediabase$
        begin
            create or replace view {{ this }} as
            {{ sql | indent(12) }};
        exception when invalid_table_definition then
            drop view {{ this }} cascade;
            create view {{ this }} as
            {{ sql | indent(12) }};
        end
        $mediabase$
    {%- endcall -%}
    {%- do persist_docs(this, model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
