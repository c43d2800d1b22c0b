{% macro require_complete_export() %}
        {#- Sparse data makes a missing export look like a patient without any change. -#}
        if journal.patient_id is null then
            raise exception using errcode = 'MB001',
                message = 'The journal does not know this patient: export it first.';
        end if;
        declare
            export staging.legacy_export%rowtype;
        begin
            select * into export from staging.legacy_export where patient_id = asked for share;
            if not found then
                raise exception using errcode = 'MB001',
                    message = 'No export of this patient is staged: export it first.';
            end if;
            select count(*) into staged_rows from staging.legacy_expression where patient_id = asked;
            if staged_rows <> export.staged_rows then
                raise exception using errcode = 'MB001', message = format(
                    'The staged export has %s rows of %s: export the patient again.', staged_rows, export.staged_rows
                );
            end if;
            if export.core_fingerprint <> '{{ core_fingerprint() }}' then
                raise exception using errcode = 'MB001',
                    message = 'The transcripts of the core have changed since the export: export the patient again.';
            end if;
        end
{% endmacro %}
