-- What it takes to make a patient again that is removed: how it was exported, and what is known about it.
select jsonb_build_object(
    'patient_id', journal.patient_id,
    'source_database', journal.source_database,
    'surface', journal.surface,
    'legacy_rows', journal.legacy_rows,
    'missing_rows', journal.missing_rows,
    'legacy_system', journal.legacy_system,
    'taken_at', journal.taken_at,
    'file_format', metadata.file_format,
    'surface_class', metadata.metadata_json ->> 'surface_class',
    'details', metadata.metadata_json - array['surface', 'surface_class', 'legacy_digest'],
    'facts', jsonb_strip_nulls(
        to_jsonb(metadata) - array[
            'patient_id', 'upload_date', 'source_file', 'file_format', 'total_transcripts_uploaded',
            'transcripts_matched', 'transcripts_unmatched', 'matching_success_rate', 'metadata_json'
        ]
    ),
    'given', (
        select coalesce(jsonb_object_agg(reason, ids), '{{}}')
        from (
            select
                reason,
                jsonb_agg(transcript_id order by transcript_id collate "C") as ids
            from {schema}.quarantined_expression
            where reason in ('duplicate', 'unmatched')
            group by reason
        ) as by_reason
    )
)
from migration.patient as journal
inner join {schema}.metadata as metadata on journal.patient_id = metadata.patient_id
where journal.patient_id = %(patient_id)s
