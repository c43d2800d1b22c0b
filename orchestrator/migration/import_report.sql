-- What an import made of a patient; the thresholds of over- and under-expression are those of the guide's queries.
select
    journal.patient_id,
    metadata.source_file,
    metadata.file_format,
    metadata.total_transcripts_uploaded as uploaded,
    metadata.transcripts_matched as matched,
    metadata.transcripts_unmatched as unmatched,
    journal.stored_rows as stored,
    journal.baseline_rows as baseline,
    journal.quarantined_rows as quarantined,
    (select count(*) from {schema}.expression_data where expression_fold_change > 2.0) as over_expressed,
    (select count(*) from {schema}.expression_data where expression_fold_change < 0.5) as under_expressed,
    (
        select sum({bytes})::bigint from pg_class
        where relnamespace = to_regnamespace(quote_ident(journal.schema_name)) and relkind = 'r'
    ) as schema_bytes,
    metadata.metadata_json as details
from migration.patient as journal
inner join {schema}.metadata as metadata on journal.patient_id = metadata.patient_id
where journal.patient_id = %(patient_id)s
