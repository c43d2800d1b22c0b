{% macro let_core_readers_read(relation) %}
    {#- What is made anew has lost its grants. -#}
    if exists (select from pg_roles where rolname = 'reader_core') then
        grant select on {{ relation }} to reader_core;
    end if
{%- endmacro %}
