-- depends_on: {{ ref('expression_data') }}
-- depends_on: {{ ref('quarantined_expression') }}
with

digests as (

    select
        migration.patient_digest('{{ tested_schema() }}') as read_back,
        (
            select coalesce(current_digest, legacy_digest) from {{ source('migration', 'patient') }}
            where schema_name = '{{ tested_schema() }}'
        ) as proven

)

select * from digests
where read_back is distinct from proven
