-- All rows of a patient schema, each with where it is. A reason that no migration gives must not look like a place.
select
    transcript_id::text as transcript_id,
    expression_fold_change::double precision as expression_fold_change,
    'stored' as disposition
from {schema}.expression_data
union all
select
    transcript_id::text as transcript_id,
    expression_fold_change::double precision as expression_fold_change,
    case
        when reason in ('null', 'nan', 'infinite', 'not_positive', 'orphan', 'duplicate', 'unmatched') then reason::text
        else 'quarantined: ' || coalesce(reason::text, 'no reason')
    end as disposition
from {schema}.quarantined_expression
