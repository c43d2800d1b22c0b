-- Quarantined rows whose transcript the core has now: stored, at baseline, or beside for what is wrong with the value.
with

known as (

    delete from {schema}.quarantined_expression as beside
    using ({candidates}) as candidates
    where beside.transcript_id = candidates.written_as
    returning candidates.transcript_id, beside.expression_fold_change, beside.source

),

stored as (

    insert into {schema}.expression_data (transcript_id, expression_fold_change, updated_at)
    select
        transcript_id,
        expression_fold_change,
        %(built_at)s -- what is changed after a build is found by this
    from known
    where expression_fold_change > 0 and expression_fold_change < 'Infinity' and expression_fold_change <> 1.0
    returning 1

),

beside as (

    insert into {schema}.quarantined_expression (transcript_id, expression_fold_change, reason, source)
    select
        transcript_id,
        expression_fold_change,
        case
            when expression_fold_change is null then 'null'
            when expression_fold_change = 'NaN' then 'nan'
            when expression_fold_change in ('Infinity', '-Infinity') then 'infinite'
            else 'not_positive'
        end,
        source
    from known
    where (expression_fold_change > 0 and expression_fold_change < 'Infinity') is not true
    returning 1

)

select
    (select count(*) from known) as known_rows,
    (select count(*) from stored) as stored_rows
