copy (
    select transcript_id as id, expression_fold_change as fold_change, reason from {schema}.quarantined_expression
    order by reason, transcript_id collate "C"
) to stdout (format csv, header)
