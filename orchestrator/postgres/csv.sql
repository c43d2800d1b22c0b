-- Rows of (transcript_id, expression_fold_change), ordered by id, under the names that the guide's CSV has.
copy (
    select transcript_id, expression_fold_change as cancer_fold
    from ({rows}) as rows
    order by transcript_id collate "C"
) to stdout (format csv, header)
