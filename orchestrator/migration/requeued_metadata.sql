-- The metadata says how the rows match the core now.
update {schema}.metadata set
    transcripts_matched = transcripts_matched + %(gained)s,
    transcripts_unmatched = transcripts_unmatched - %(gained)s,
    matching_success_rate
    = (transcripts_matched + %(gained)s)::double precision / nullif(total_transcripts_uploaded, 0)
