-- Fold changes that are not what they are in all rows of the core's table.
copy (
    select {id}, {fold}
    from only {table}
    where {fold} is distinct from {everywhere}
    order by {id} collate "C"
) to stdout
