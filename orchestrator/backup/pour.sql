-- The core's rows that a legacy table has, each with the fold change that it has there.
copy (
    select {columns}
    from only {table} as kept
    left join pg_temp."values" as stored on stored.transcript_id = {id}
    where {is_whole} or not exists (select from pg_temp.gone where gone.hash = {hash})
) to stdout
