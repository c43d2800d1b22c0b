{% materialization shared_view, adapter='postgres' %}
    {#- A view that every worker may build at any time: replaced in place, one at a time. dbt's own view swaps names, and
        two runs at once collide on the name of the backup. -#}
    {%- do refuse_empty_flag() -%}
    {%- call statement('one_at_a_time') -%}
        select pg_advisory_xact_lock(hashtextextended('{{ this }}', 0))
    {%- endcall -%}
    {%- call statement('main') -%}
        create or replace view {{ this }} as
        {{ sql }}
    {%- endcall -%}
    {%- do persist_docs(this, model) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
