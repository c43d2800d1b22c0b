{% macro refuse_changed_patient() %}
        {#- A patient that was changed after its last build, or that something else made, is never built over. -#}
        declare
            is_changed boolean := false;
        begin
            if to_regclass('expression_data') is not null then
                if journal.built_at is null then
                    raise exception using errcode = 'MB003',
                        message = 'Its schema has data that the journal does not know; nothing was changed.';
                end if;
                execute 'select exists (select 1 from expression_data where updated_at <> $1)'
                    || ' or $2 <> (select count(*) from expression_data)'
                    || ' or $3 <> (select count(*) from quarantined_expression)'
                into is_changed using journal.built_at, journal.stored_rows, journal.quarantined_rows;
            end if;
            if is_changed then
                raise exception using errcode = 'MB003',
                    message = 'It was changed after it was built; nothing was changed.';
            end if;
        end
{% endmacro %}
