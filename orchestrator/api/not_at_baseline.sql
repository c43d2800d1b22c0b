not exists (
    select from {schema}.expression_data as sparse where sparse.transcript_id = core.transcript_id
)
and not exists (
    select from {schema}.quarantined_expression as kept where kept.transcript_id = core.transcript_id
)
