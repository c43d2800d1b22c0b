{%- set columns = read_legacy_columns(ref('legacy_columns')) -%}
-- Three arms rather than LEFT JOIN + COALESCE: a quarantined value must not read as 1.0, and the planner drops the arm
-- with the constant for predicates that 1.0 cannot meet, so that the index on the fold change is used. No WITH: a CTE
-- would keep the planner from pulling the arms up, and every query would pay for all 23 columns.
-- The expressions of the seed read, besides transcripts and genes:
-- depends_on: {{ source('core', 'gene_annotations') }}
-- depends_on: {{ source('core', 'gene_cross_references') }}
-- depends_on: {{ source('core', 'gene_drug_interactions') }}
-- depends_on: {{ source('core', 'gene_pathways') }}
-- depends_on: {{ source('core', 'transcript_go_terms') }}

select
    {{ legacy_columns(columns, 'sparse.transcript_id', 'sparse.expression_fold_change') }}
from {{ ref('expression_data').include(database=false, schema=false) }} as sparse
left join {{ source('core', 'transcripts') }} as t on sparse.transcript_id = t.transcript_id
left join {{ source('core', 'genes') }} as g on t.gene_id = g.gene_id

union all

select
    {{ legacy_columns(columns, 'quarantined.transcript_id', 'quarantined.expression_fold_change') }}
from {{ ref('quarantined_expression').include(database=false, schema=false) }} as quarantined
left join {{ source('core', 'transcripts') }} as t on quarantined.transcript_id = t.transcript_id
left join {{ source('core', 'genes') }} as g on t.gene_id = g.gene_id

union all

select
    {{ legacy_columns(columns, 't.transcript_id', '1.0') }}
from {{ source('core', 'transcripts') }} as t
left join {{ source('core', 'genes') }} as g on t.gene_id = g.gene_id
where
    not exists (
        select 1 from {{ ref('expression_data').include(database=false, schema=false) }} as sparse
        where sparse.transcript_id = t.transcript_id
    )
    and not exists (
        select 1 from {{ ref('quarantined_expression').include(database=false, schema=false) }} as quarantined
        where quarantined.transcript_id = t.transcript_id
    )
