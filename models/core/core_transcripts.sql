{%- set columns = read_legacy_columns(ref('legacy_columns')) -%}
-- The expressions of the seed read, besides transcripts and genes:
-- depends_on: {{ source('core', 'gene_annotations') }}
-- depends_on: {{ source('core', 'gene_cross_references') }}
-- depends_on: {{ source('core', 'gene_drug_interactions') }}
-- depends_on: {{ source('core', 'gene_pathways') }}
-- depends_on: {{ source('core', 'transcript_go_terms') }}

select
    {{ core_columns(columns) }}
from {{ source('core', 'transcripts') }} as t
left join {{ source('core', 'genes') }} as g on t.gene_id = g.gene_id
