-- Seconds of the latest work of each kind on each patient; a dbt call builds several, and has no patient.
select distinct on (patient_id, event)
    patient_id,
    event,
    (detail ->> 'seconds')::double precision as seconds
from migration.event
where patient_id is not null and detail ? 'seconds'
order by patient_id, event, event_id desc
