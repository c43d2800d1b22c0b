{% test row_count_matches(model, recorded_as) %}

with

journal as (

    select {{ recorded_as }} from {{ source('migration', 'patient') }}
    where schema_name = '{{ tested_schema() }}'

),

counts as (

    select
        (select count(*) from {{ model }}) as counted,
        (select {{ recorded_as }} from journal) as recorded

)

select * from counts
where counted is distinct from recorded

{% endtest %}
