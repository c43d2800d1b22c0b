{% macro record_build() %}
        {#- legacy rows = stored + baseline + quarantined, or nothing has happened. -#}
        declare
            export staging.legacy_export%rowtype;
            staged_baseline bigint := 0;
            reasons jsonb;
        begin
            select * into strict export from staging.legacy_export where patient_id = asked;
            if export.staged_rows
                <> (rows_of ->> 'expression_data')::bigint + (rows_of ->> 'quarantined_expression')::bigint
            then
                select count(*) into staged_baseline from {{ ref('stg_legacy__expression') }}
                where patient_id = asked and disposition = 'baseline';
            end if;
            if export.staged_rows
                <> (rows_of ->> 'expression_data')::bigint + (rows_of ->> 'quarantined_expression')::bigint
                + staged_baseline
            then
                raise exception using errcode = 'MB004',
                    message = 'The dispositions do not add up to the exported rows.';
            end if;
            select coalesce(jsonb_object_agg(reason, n), '{}') into reasons
            from (select reason, count(*) as n from quarantined_expression group by reason) as by_reason;
            if '{{ var("on_bad_rows") }}' = 'fail' and reasons <> '{}' then
                raise exception using errcode = 'MB002',
                    message = 'It has rows that cannot be stored: ' || reasons::text || '.';
            end if;
            update migration.patient set
                state = 'built',
                is_valid = null,
                failed_from = null,
                export_id = export.export_id,
                source_database = export.source_database,
                surface = export.surface,
                core_fingerprint = export.core_fingerprint,
                legacy_system = export.legacy_system,
                taken_at = export.exported_at,
                metadata_digest = migration.metadata_digest(patient_schema),
                legacy_rows = export.legacy_rows,
                missing_rows = export.missing_rows,
                stored_rows = (rows_of ->> 'expression_data')::bigint,
                quarantined_rows = (rows_of ->> 'quarantined_expression')::bigint,
                baseline_rows = export.legacy_rows - export.staged_rows + staged_baseline,
                quarantine_reasons = reasons,
                legacy_digest = export.legacy_digest,
                current_digest = null,
                error_code = null, error_constraint = null, error_message = null,
                built_at = now(), changed_at = clock_timestamp()
            where patient_id = asked;
        end
{% endmacro %}
