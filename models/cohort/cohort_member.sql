-- What one patient is now, to know later whether it is still the same.
-- depends_on: {{ ref('expression_data') }}, {{ ref('quarantined_expression') }}
select
    patient_id,
    migration.patient_digest(schema_name) as digest,
    core_fingerprint,
    built_at,
    '{{ ref("cohort_rows") }}'::regclass::oid as relation, -- noqa: RF04
    clock_timestamp() as refreshed_at
from {{ source('migration', 'patient') }}
where schema_name = current_setting('search_path')
