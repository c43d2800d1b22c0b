(
    select
        kept.transcript_id,
        null::double precision as fold_change,
        kept.reason
    from {schema}.quarantined_expression as kept
    where {conditions}
    order by kept.transcript_id
    limit %(limit)s + %(offset)s
)
