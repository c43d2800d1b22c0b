-- What the latest drop of a patient's legacy database called it, and whether no event tells of that drop's end.
select
    detail ->> 'aside',
    not exists (
        select
        from migration.event as later
        where later.patient_id = event.patient_id and later.event_id > event.event_id
            and later.event = any(%(ends)s::text [])
    )
from migration.event
where patient_id = %(patient_id)s and event = %(intent)s and detail ->> 'system' = %(system)s
order by event_id desc
limit 1
