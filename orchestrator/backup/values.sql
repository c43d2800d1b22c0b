-- Fold changes that are not the core's, of rows that are. As text, so that no two values are one.
copy (
    select theirs.transcript_id, theirs.fold_change
    from pg_temp.theirs
    inner join {ours} as ours on theirs.hash = ours.hash
    where theirs.fold_change::text is distinct from ours.fold_change::text
    order by theirs.transcript_id collate "C"
) to stdout
