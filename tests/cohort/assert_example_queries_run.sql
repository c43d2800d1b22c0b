select journal.patient_id
from {{ source('migration', 'patient') }} as journal
left join {{ ref('patient_queries') }} as queries on journal.patient_id = queries.patient_id
where
    journal.built_at is not null
    and queries.patient_id is null
    {{ and_asked_patient('journal.patient_id') }}
