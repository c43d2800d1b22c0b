-- What happened to the core or to many patients at once: how often, last when, and the seconds that it took.
select
    event,
    count(*) as times,
    max(at) as last_at,
    sum((detail ->> 'seconds')::double precision) as seconds
from migration.event
where patient_id is null
group by event
order by event
