-- The marker genes of one patient, each by its strongest isoform: the one farthest from baseline, up or down.
with

journal as (

    select * from {{ source('migration', 'patient') }}
    where schema_name = current_setting('search_path')

),

markers as (

    select gene_symbol from {{ ref('biomarker_panels') }}
    union
    select gene_symbol from {{ ref('phenotype_signatures') }}

),

isoforms as materialized (

    select
        genes.gene_symbol,
        transcripts.transcript_id
    from markers
    inner join {{ source('core', 'genes') }} as genes on markers.gene_symbol = genes.gene_symbol
    inner join {{ source('core', 'transcripts') }} as transcripts on genes.gene_id = transcripts.gene_id

),

stored as (

    select
        isoforms.gene_symbol,
        isoforms.transcript_id,
        sparse.expression_fold_change as fold_change,
        abs(ln(sparse.expression_fold_change)) as distance
    from isoforms
    inner join
        {{ ref('expression_data').include(database=false, schema=false) }} as sparse
        on isoforms.transcript_id = sparse.transcript_id
    where sparse.expression_fold_change > 0 and sparse.expression_fold_change < 'Infinity'

),

strongest as (

    select distinct on (gene_symbol)
        gene_symbol,
        transcript_id,
        fold_change
    from stored
    order by gene_symbol asc, distance desc, transcript_id asc

),

counted as (

    select
        isoforms.gene_symbol,
        count(*) as isoforms,
        count(quarantined.transcript_id) as quarantined
    from isoforms
    left join
        {{ ref('quarantined_expression').include(database=false, schema=false) }} as quarantined
        on isoforms.transcript_id = quarantined.transcript_id
    group by isoforms.gene_symbol

)

select
    journal.patient_id,
    counted.gene_symbol,
    counted.isoforms,
    counted.quarantined,
    strongest.transcript_id,
    -- With a value in quarantine and none beside it, nobody can say that the gene is at baseline.
    case
        when strongest.fold_change is not null then strongest.fold_change
        when counted.quarantined = 0 then 1.0
    end as fold_change,
    now() as checked_at
from journal
cross join counted
left join strongest on counted.gene_symbol = strongest.gene_symbol
