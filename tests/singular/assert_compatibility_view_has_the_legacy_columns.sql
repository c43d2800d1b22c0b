with

expected as (

    select * from {{ ref('legacy_columns') }}
    where position is not null

),

shown as (

    select
        attnum,
        attname,
        format_type(atttypid, atttypmod) as data_type
    from pg_attribute
    where attrelid = to_regclass('{{ ref('cancer_transcript_base') }}') and attnum > 0

)

select
    expected.column_name as expected_column,
    expected.data_type as expected_type,
    shown.attname as shown_column,
    shown.data_type as shown_type
from expected
full join shown on expected.position = shown.attnum
where
    expected.column_name is distinct from shown.attname
    or expected.data_type is distinct from shown.data_type
