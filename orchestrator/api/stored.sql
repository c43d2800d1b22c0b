(
    select
        sparse.transcript_id::text as transcript_id,
        sparse.expression_fold_change as fold_change,
        null::text as reason
    from {schema}.expression_data as sparse
    where {conditions}
    order by sparse.expression_fold_change {direction}, sparse.transcript_id
    limit %(limit)s + %(offset)s
)
