-- Rows of (transcript_id, expression_fold_change), ordered by id; the value under the name that a CSV has for it.
copy (
    select transcript_id, expression_fold_change as {value_column}
    from ({rows}) as rows
    order by transcript_id collate "C"
) to stdout (format csv, header)
