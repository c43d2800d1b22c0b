{% macro legacy_columns(transcript_id, fold_change) %}
        {#- The 23 columns of v0.5.0's cancer_transcript_base out of the core's tables t (transcripts) and g (genes).
            Aggregates are correlated, so that a query pays only for the columns that it names. -#}
        {{ transcript_id }}::text as transcript_id,
        g.gene_symbol::text as gene_symbol,
        t.gene_id::text as gene_id,
        g.gene_type::text as gene_type,
        g.chromosome::text as chromosome,
        jsonb_build_object('start', g.start_position, 'end', g.end_position, 'strand', g.strand) as coordinates,
        {{ gene_annotation_array('product_type') }} as product_type,
        (
            select
                coalesce(
                    jsonb_object_agg(
                        go.go_id,
                        jsonb_build_object('term', go.go_term, 'evidence', go.evidence_code, 'aspect', go.go_category)
                    ),
                    '{}'
                )
            from {{ source('core', 'transcript_go_terms') }} as go
            where go.transcript_id = t.transcript_id
        ) as go_terms,
        array(
            select p.pathway_name || ' [' || p.pathway_source || ':' || p.pathway_id || ']'
            from {{ source('core', 'gene_pathways') }} as p
            where p.gene_id = t.gene_id
            order by 1
        )::text [] as pathways,
        (
            select
                coalesce(
                    jsonb_object_agg(
                        d.drug_name,
                        jsonb_build_object(
                            'drug_id', d.drug_id, 'interaction_type', d.interaction_type, 'source', d.source
                        )
                    ),
                    '{}'
                )
            from {{ source('core', 'gene_drug_interactions') }} as d
            where d.gene_id = t.gene_id
        ) as drugs,
        {{ fold_change }} as expression_fold_change,
        '{}'::jsonb as features,
        {{ gene_annotation_array('molecular_function') }} as molecular_functions,
        {{ gene_annotation_array('cellular_location') }} as cellular_location,
        '{}'::jsonb as drug_scores,
        '{}'::jsonb as alt_transcript_ids,
        '{}'::jsonb as alt_gene_ids,
        {{ gene_reference_array(['UniProt']) }} as uniprot_ids,
        {{ gene_reference_array(['NCBI', 'EntrezGene']) }} as ncbi_ids,
        {{ gene_reference_array(['RefSeq']) }} as refseq_ids,
        jsonb_build_object(
            'go_terms', '[]'::jsonb, 'uniprot', '[]'::jsonb, 'drugs', '[]'::jsonb,
            'pathways', '[]'::jsonb, 'publications', '[]'::jsonb, 'evidence_scoring', '[]'::jsonb
        ) as source_references,
        {{ gene_reference_array(['PDB']) }} as pdb_ids,
        jsonb_build_object(
            'overall_confidence', 0.0, 'evidence_count', 0, 'source_diversity', 0,
            'clinical_evidence_ratio', 0.0, 'publication_support_ratio', 0.0
        ) as evidence_quality_metrics
{%- endmacro %}
