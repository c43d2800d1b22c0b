-- Fill cancer_transcript_base from the normalized tables: everything is aggregated once per gene (GO terms
-- once per transcript) and joined. Lists are sorted by code point, so that every machine gives the same.

insert into cancer_transcript_base (
    transcript_id, gene_symbol, gene_id, gene_type, chromosome, coordinates,
    product_type, go_terms, pathways, drugs, expression_fold_change,
    molecular_functions, cellular_location, uniprot_ids, ncbi_ids, refseq_ids, pdb_ids
)
with annotation_value as (
    select distinct
        gene_id,
        annotation_type,
        annotation_value collate "C" as value
    from gene_annotations
),

annotation as (
    select
        gene_id,
        array_agg(value order by value) filter (where annotation_type = 'product_type') as product_type,
        array_agg(value order by value)
            filter (where annotation_type = 'molecular_function') as molecular_functions,
        array_agg(value order by value)
            filter (where annotation_type = 'cellular_location') as cellular_location
    from annotation_value
    group by gene_id
),

cross_reference_value as (
    select distinct
        gene_id,
        case external_db when 'EntrezGene' then 'NCBI' else external_db end as external_db,
        external_id::text collate "C" as value
    from gene_cross_references
),

cross_reference as (
    select
        gene_id,
        array_agg(value order by value) filter (where external_db = 'UniProt') as uniprot_ids,
        array_agg(value order by value) filter (where external_db = 'NCBI') as ncbi_ids,
        array_agg(value order by value) filter (where external_db = 'RefSeq') as refseq_ids,
        array_agg(value order by value) filter (where external_db = 'PDB') as pdb_ids
    from cross_reference_value
    group by gene_id
),

pathway_label as (
    select
        gene_id,
        pathway_name || ' [' || pathway_source || ':' || pathway_id || ']' collate "C" as label
    from gene_pathways
),

pathway as (
    select
        gene_id,
        array_agg(label order by label) as pathways
    from pathway_label
    group by gene_id
),

first_interaction as (
    select distinct on (gene_id, drug_name)
        gene_id,
        drug_name,
        jsonb_build_object(
            'drug_id', drug_id, 'interaction_type', interaction_type, 'source', source
        ) as facts
    from gene_drug_interactions
    order by gene_id, drug_name, drug_id
),

drug as (
    select
        gene_id,
        jsonb_object_agg(drug_name, facts) as drugs
    from first_interaction
    group by gene_id
),

go as (
    select
        transcript_id,
        jsonb_object_agg(
            go_id,
            jsonb_build_object('term', go_term, 'evidence', evidence_code, 'aspect', go_category)
        ) as go_terms
    from transcript_go_terms
    group by transcript_id
)

select
    transcripts.transcript_id,
    genes.gene_symbol,
    genes.gene_id,
    genes.gene_type,
    genes.chromosome,
    jsonb_build_object('start', genes.start_position, 'end', genes.end_position, 'strand', genes.strand),
    coalesce(annotation.product_type, '{}'),
    coalesce(go.go_terms, '{}'),
    coalesce(pathway.pathways, '{}'),
    coalesce(drug.drugs, '{}'),
    transcripts.expression_fold_change,
    coalesce(annotation.molecular_functions, '{}'),
    coalesce(annotation.cellular_location, '{}'),
    coalesce(cross_reference.uniprot_ids, '{}'),
    coalesce(cross_reference.ncbi_ids, '{}'),
    coalesce(cross_reference.refseq_ids, '{}'),
    coalesce(cross_reference.pdb_ids, '{}')
from transcripts
inner join genes on transcripts.gene_id = genes.gene_id
left join annotation on transcripts.gene_id = annotation.gene_id
left join cross_reference on transcripts.gene_id = cross_reference.gene_id
left join pathway on transcripts.gene_id = pathway.gene_id
left join drug on transcripts.gene_id = drug.gene_id
left join go on transcripts.transcript_id = go.transcript_id
order by transcripts.transcript_id;
