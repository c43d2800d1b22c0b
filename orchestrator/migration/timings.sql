-- Seconds of work in the last run: of each patient, and of the dbt calls, which have no patient.
select
    patient_id,
    coalesce(sum((detail ->> 'seconds')::double precision), 0) as seconds,
    count(*) filter (where event = 'built') as calls
from migration.event
where run_id = (select max(run_id) from migration.run)
group by patient_id
