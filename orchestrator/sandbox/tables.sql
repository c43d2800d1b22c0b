-- Tables of a v0.5.0 core. Keys and indexes follow in keys.sql, once the rows are in: that is several
-- times faster than keeping them up row by row.

create table genes (
    gene_id varchar(50) not null,
    gene_symbol varchar(100) not null,
    gene_name varchar(200),
    gene_type varchar(100),
    -- v0.5.0 has varchar(10); names of haplotypes and patches, such as CHR_HSCHR6_MHC_COX_CTG1, are longer.
    chromosome varchar(50),
    start_position integer,
    end_position integer,
    strand integer,
    description text,
    created_at timestamptz default current_timestamp,
    updated_at timestamptz default current_timestamp
);

-- Half of each page stays free (here and in cancer_transcript_base) for a patient's fold changes: the new
-- version of a row then fits on the page of the old one, and no index has to be touched.
create table transcripts (
    transcript_id varchar(50) not null,
    gene_id varchar(50) not null,
    transcript_name varchar(200),
    transcript_type varchar(100),
    transcript_support_level integer default 1,
    expression_fold_change double precision default 1.0,
    created_at timestamptz default current_timestamp,
    updated_at timestamptz default current_timestamp
) with (fillfactor = 50);

create table gene_cross_references (
    id serial not null,
    gene_id varchar(50) not null,
    external_db varchar(50) not null,
    external_id varchar(100) not null,
    created_at timestamptz default current_timestamp
);

create table gene_annotations (
    id serial not null,
    gene_id varchar(50) not null,
    annotation_type varchar(100) not null,
    annotation_value text not null,
    source varchar(100) default 'UniProt',
    created_at timestamptz default current_timestamp
);

create table gene_pathways (
    id serial not null,
    gene_id varchar(50) not null,
    pathway_id varchar(100) not null,
    pathway_name text not null,
    pathway_source varchar(50) default 'Reactome',
    parent_pathway_id varchar(100),
    pathway_level integer default 1,
    pathway_category varchar(200),
    evidence_code varchar(10) default 'IEA',
    confidence_score numeric(3, 2) default 0.80,
    gene_role varchar(100),
    pmids text[],
    created_at timestamptz default current_timestamp
);

create table transcript_go_terms (
    id serial not null,
    transcript_id varchar(50) not null,
    go_id varchar(20) not null,
    go_term text not null,
    go_category varchar(50),
    evidence_code varchar(10) default 'IEA',
    created_at timestamptz default current_timestamp
);

create table gene_drug_interactions (
    id serial not null,
    gene_id varchar(50) not null,
    drug_name varchar(500) not null,
    drug_id varchar(50),
    interaction_type varchar(100),
    evidence_level varchar(50),
    source varchar(50) default 'DrugCentral',
    pmid text,
    drug_chembl_id varchar(50),
    drugbank_id varchar(20),
    clinical_phase varchar(50),
    approval_status varchar(50),
    activity_value numeric(10, 4),
    activity_unit varchar(20),
    activity_type varchar(50),
    drug_class varchar(200),
    drug_type varchar(50),
    evidence_strength integer default 1,
    pmids text[],
    created_at timestamptz default current_timestamp
);

create table gene_publications (
    id serial not null,
    gene_id varchar(50) not null,
    pmid varchar(20) not null,
    mention_count integer default 1,
    first_seen_year integer,
    created_at timestamptz default current_timestamp,
    last_updated timestamptz default current_timestamp
);

create table opentargets_known_drugs (
    drug_id serial not null,
    molecule_chembl_id text,
    molecule_name text not null,
    molecule_type text,
    target_gene_id text,
    disease_id text,
    clinical_phase numeric(3, 1),
    clinical_phase_label text,
    clinical_status text,
    mechanism_of_action text,
    action_type text,
    drug_type text,
    is_approved boolean,
    approval_year integer,
    clinical_trial_ids text[],
    metadata jsonb,
    ot_version text not null,
    created_at timestamptz default current_timestamp,
    updated_at timestamptz default current_timestamp
);

create table schema_version (
    version_name varchar(20) primary key,
    description text,
    applied_at timestamptz default current_timestamp
);

insert into schema_version (version_name, description)
values ('v0.5.0', 'One database per patient');

create table cancer_transcript_base (
    transcript_id text not null,
    gene_symbol text,
    gene_id text,
    gene_type text,
    chromosome text,
    coordinates jsonb,
    product_type text[] default '{}',
    go_terms jsonb default '{}',
    pathways text[] default '{}',
    drugs jsonb default '{}',
    expression_fold_change double precision default 1.0,
    features jsonb default '{}',
    molecular_functions text[] default '{}',
    cellular_location text[] default '{}',
    drug_scores jsonb default '{}',
    alt_transcript_ids jsonb default '{}',
    alt_gene_ids jsonb default '{}',
    uniprot_ids text[] default '{}',
    ncbi_ids text[] default '{}',
    refseq_ids text[] default '{}',
    source_references jsonb default '{
        "go_terms": [], "uniprot": [], "drugs": [], "pathways": [], "publications": [], "evidence_scoring": []
    }',
    pdb_ids text[] default '{}',
    evidence_quality_metrics jsonb default '{
        "overall_confidence": 0.0, "evidence_count": 0, "source_diversity": 0,
        "clinical_evidence_ratio": 0.0, "publication_support_ratio": 0.0
    }'
) with (fillfactor = 50);
