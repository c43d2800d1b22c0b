{% macro let_core_readers_read(relation) %}
    {#- A reference table is made anew when its file changed, which takes its grants along. -#}
    do $mediabase$
    begin
        if exists (select from pg_roles where rolname = 'reader_core') then
            grant select on {{ relation }} to reader_core;
        end if;
    end
    $mediabase$
{% endmacro %}
