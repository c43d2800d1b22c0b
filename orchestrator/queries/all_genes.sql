-- Whether each transcript has its gene.
select not exists (
    select
    from public.transcripts
    where not exists (select from public.genes where genes.gene_id = transcripts.gene_id)
)
