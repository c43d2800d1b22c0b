-- How alike patients of one subtype are, gene by gene: patients that say the same of themselves should look the same.
with

markers as (

    select * from {{ ref('patient_markers') }}

),

panels as (

    select gene_symbol from {{ ref('biomarker_panels') }}
    where check_id = 'E1'

),

described as (

    select
        patient_id,
        cancer_type,
        cancer_subtype
    from {{ ref('patient_metadata') }}
    where cancer_type is not null or cancer_subtype is not null

),

grouped as (

    select
        described.cancer_type,
        described.cancer_subtype,
        markers.gene_symbol,
        count(markers.fold_change) as patients,
        min(markers.fold_change) as lowest,
        percentile_cont(0.5) within group (order by markers.fold_change) as median,
        max(markers.fold_change) as highest,
        (max(ln(markers.fold_change)) - min(ln(markers.fold_change))) / ln(2) as spread_log2
    from described
    inner join markers on described.patient_id = markers.patient_id
    inner join panels on markers.gene_symbol = panels.gene_symbol
    group by described.cancer_type, described.cancer_subtype, markers.gene_symbol

)

select
    cancer_type,
    cancer_subtype,
    gene_symbol,
    patients,
    lowest,
    median,
    highest,
    spread_log2,
    case
        when patients < 2 then 'alone'
        when spread_log2 <= {{ var('concordant_spread_log2') }} then 'concordant'
        when highest > 2.0 then 'variable'
        else 'divergent'
    end as verdict
from grouped
