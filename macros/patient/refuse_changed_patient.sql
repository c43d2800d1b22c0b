{% macro refuse_changed_patient() %}
        {#- A patient that was changed after its last build, or that something else made, is never built over. The lock
            keeps writers out until the build commits, and lets readers go on. The digests are taken apart: in one
            expression with a distributed table Citus would have them taken where its rows are. -#}
        if to_regclass('expression_data') is not null then
            if journal.built_at is null then
                raise exception using errcode = 'MB003',
                    message = 'Its schema has data that the journal does not know; nothing was changed.';
            end if;
            lock table expression_data, quarantined_expression, metadata in share row exclusive mode;
            declare
                is_other constant boolean = journal.metadata_digest is distinct from migration.metadata_digest(patient_schema)
                    or journal.current_digest <> migration.patient_digest(patient_schema); -- null before parity was checked
            begin
                if is_other
                    or exists (select 1 from expression_data where updated_at <> journal.built_at)
                    or journal.stored_rows <> (select count(*) from expression_data)
                    or journal.quarantined_rows <> (select count(*) from quarantined_expression)
                then
                    raise exception using errcode = 'MB003',
                        message = 'It was changed after it was built; nothing was changed.';
                end if;
            end;
        end if
{% endmacro %}
