-- Keys and indexes of a v0.5.0 core, under the names they have there.

alter table genes add primary key (gene_id);
alter table transcripts
    add primary key (transcript_id),
    add foreign key (gene_id) references genes on delete cascade;
alter table gene_cross_references
    add primary key (id),
    add unique (gene_id, external_db, external_id),
    add foreign key (gene_id) references genes on delete cascade;
alter table gene_annotations
    add primary key (id),
    add unique (gene_id, annotation_type, annotation_value, source),
    add foreign key (gene_id) references genes on delete cascade;
alter table gene_pathways
    add primary key (id),
    add unique (gene_id, pathway_id, pathway_source),
    add foreign key (gene_id) references genes on delete cascade;
alter table transcript_go_terms
    add primary key (id),
    add unique (transcript_id, go_id),
    add foreign key (transcript_id) references transcripts on delete cascade;
alter table gene_drug_interactions
    add primary key (id),
    add unique (gene_id, drug_name, drug_id),
    add foreign key (gene_id) references genes on delete cascade;
alter table gene_publications
    add primary key (id),
    add unique (gene_id, pmid),
    add foreign key (gene_id) references genes on delete cascade;
alter table opentargets_known_drugs add primary key (drug_id);
alter table cancer_transcript_base add primary key (transcript_id);

create index idx_genes_symbol on genes (gene_symbol);
create index idx_genes_type on genes (gene_type);
create index idx_genes_chromosome on genes (chromosome);

create index idx_transcripts_gene_id on transcripts (gene_id);
create index idx_transcripts_type on transcripts (transcript_type);
create index idx_transcripts_expression on transcripts (expression_fold_change);

create index idx_opentargets_target_gene on opentargets_known_drugs (target_gene_id);

create index idx_gene_symbol on cancer_transcript_base (gene_symbol);
create index idx_gene_id on cancer_transcript_base (gene_id);
-- v0.5.0 really has this index twice.
create index idx_transcript_gene_symbol on cancer_transcript_base (gene_symbol);
create index idx_transcript_gene_type on cancer_transcript_base (gene_type);
create index idx_transcript_chromosome on cancer_transcript_base (chromosome);
create index idx_product_type on cancer_transcript_base using gin (product_type);
create index idx_pathways on cancer_transcript_base using gin (pathways);
create index idx_drugs on cancer_transcript_base using gin (drugs);
create index idx_features on cancer_transcript_base using gin (features);
create index idx_molecular_functions on cancer_transcript_base using gin (molecular_functions);
create index idx_cellular_location on cancer_transcript_base using gin (cellular_location);
create index idx_alt_transcript_ids on cancer_transcript_base using gin (alt_transcript_ids);
create index idx_alt_gene_ids on cancer_transcript_base using gin (alt_gene_ids);
create index idx_uniprot_ids on cancer_transcript_base using gin (uniprot_ids);
create index idx_ncbi_ids on cancer_transcript_base using gin (ncbi_ids);
create index idx_refseq_ids on cancer_transcript_base using gin (refseq_ids);
create index idx_source_references on cancer_transcript_base using gin (source_references);
create index idx_cross_ref_ids on cancer_transcript_base
using gin (uniprot_ids, ncbi_ids, refseq_ids, pdb_ids);
create index idx_evidence_quality_metrics on cancer_transcript_base using gin (evidence_quality_metrics);
