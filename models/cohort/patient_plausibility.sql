-- Facts of each patient's distribution beside the range that is plausible for them.
with

distribution as (

    select * from {{ ref('patient_distribution') }}
    where finite_rows > 0

),

ranges as (

    select * from {{ ref('plausible_ranges') }}

),

largest as (

    select
        distribution.patient_id,
        max(classes.class_rows::double precision) as class_rows
    from distribution
    cross join lateral jsonb_each_text(distribution.rows_by_class) as classes (class_number, class_rows)
    group by distribution.patient_id

),

facts as (

    select
        distribution.patient_id,
        distribution.finite_rows,
        each_fact.fact,
        each_fact.value
    from distribution
    inner join largest on distribution.patient_id = largest.patient_id
    cross join lateral (
        values
        ('mean_log2', distribution.mean_log2),
        ('share_above_baseline', distribution.above_baseline::double precision / distribution.finite_rows),
        (
            'largest_class_share',
            largest.class_rows / distribution.finite_rows
        ),
        ('lowest_log2', ln(distribution.lowest) / ln(2)),
        ('highest_log2', ln(distribution.highest) / ln(2)),
        ('quartile_distance_log2', (ln(distribution.quartile_3) - ln(distribution.quartile_1)) / ln(2))
    ) as each_fact (fact, value)

)

select
    facts.patient_id,
    ranges.check_id,
    facts.fact,
    facts.value,
    ranges.lowest,
    ranges.highest,
    ranges.meaning,
    facts.finite_rows < ranges.needs_rows or facts.value between ranges.lowest and ranges.highest as is_plausible
from facts
inner join ranges on facts.fact = ranges.fact
