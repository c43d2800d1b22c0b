-- Tumour suppressors, immune checkpoints and oncogenes of each patient, each with the level that its fold change is at.
with

markers as (

    select * from {{ ref('patient_markers') }}

),

panels as (

    select * from {{ ref('biomarker_panels') }}

),

levels as (

    select * from {{ ref('biomarker_levels') }}

)

select
    markers.patient_id,
    panels.check_id,
    panels.panel,
    markers.gene_symbol,
    markers.transcript_id,
    markers.fold_change,
    reached.level,
    reached.is_noteworthy,
    panels.meaning
from markers
inner join panels on markers.gene_symbol = panels.gene_symbol
-- Levels of the gene itself, where there are any, otherwise those of all genes of the check.
cross join lateral (
    select
        levels.level,
        levels.is_noteworthy
    from levels
    where
        levels.check_id = panels.check_id
        and levels.gene_symbol in (markers.gene_symbol, '*')
        and markers.fold_change > coalesce(levels.above, '-Infinity')
        and markers.fold_change < coalesce(levels.below, 'Infinity')
    order by levels.gene_symbol = '*', levels.rank
    limit 1
) as reached
