-- What the journal counts of a patient, as it is now.
select
    (select count(*) from {schema}.expression_data) as stored,
    coalesce(sum(n), 0)::bigint as quarantined,
    coalesce(jsonb_object_agg(reason, n), '{{}}') as reasons
from (select reason, count(*) as n from {schema}.quarantined_expression group by reason) as by_reason
