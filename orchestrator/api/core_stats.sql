select json_build_object(
    'transcripts', (select count(*) from public.transcripts),
    'genes', (select count(*) from public.genes),
    'pathways', (select count(*) from (select distinct pathway_source, pathway_id from public.gene_pathways) as found),
    'drugs', (select count(*) from (select distinct drug_name from public.gene_drug_interactions) as found)
)::text
