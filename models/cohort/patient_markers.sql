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

genes as (

    select * from {{ source('core', 'genes') }}

),

transcripts as (

    select * from {{ source('core', 'transcripts') }}

),

sparse as (

    select * from {{ ref('expression_data').include(database=false, schema=false) }}
    where expression_fold_change > 0 and expression_fold_change < 'Infinity'

),

-- Each marker is looked up on its own; OFFSET 0 keeps the planner from reading all genes, or all that the patient has.
isoforms as materialized (

    select
        markers.gene_symbol,
        of_gene.transcript_id
    from markers
    cross join
        lateral (
            select genes.gene_id from genes
            where genes.gene_symbol = markers.gene_symbol
            offset 0 -- noqa: AM09
        ) as marked
    cross join lateral (
        select transcripts.transcript_id from transcripts
        where transcripts.gene_id = marked.gene_id
        offset 0 -- noqa: AM09
    ) as of_gene

),

stored as (

    select
        isoforms.gene_symbol,
        isoforms.transcript_id,
        changed.fold_change,
        abs(ln(changed.fold_change)) as distance
    from isoforms
    cross join lateral (
        select sparse.expression_fold_change as fold_change from sparse
        where sparse.transcript_id = isoforms.transcript_id
        offset 0 -- noqa: AM09
    ) as changed

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
