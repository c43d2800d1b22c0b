-- Views and functions of a patient's schema besides those of the product, each with the hash of what it was made from;
-- null where `query custom-objects` did not make it, or somebody changed it since.
select
    found.name,
    found.oid::bigint as oid,
    found.digest,
    (
        select made.value ->> 'source'
        from migration.event
        cross join jsonb_each(event.detail -> 'objects') as made
        where event.patient_id = %(patient_id)s and event.event = 'custom objects'
            and made.key = found.name and made.value ->> 'digest' = found.digest
        order by event.event_id desc
        limit 1
    ) as source
from migration.patient_definitions(%(schema)s) as found
where found.name <> 'cancer_transcript_base'
