-- Which transcripts stand for the genes of the core, under the names by which a file calls the genes. A name that two
-- genes have means the one on a primary chromosome, and nothing where that is not one.
with

named as (

    {names}

),

candidates as (

    select
        named.name,
        named.gene_id,
        coalesce(genes.chromosome ~ '^(chr)?([0-9]{{1,2}}|X|Y|MT?)$', false) as is_primary
    from named
    inner join public.genes as genes on named.gene_id = genes.gene_id

),

ranked as (

    select
        name,
        gene_id,
        rank() over (partition by name order by is_primary desc) as place,
        count(*) over (partition by name, is_primary) as rivals
    from candidates

),

chosen as (

    select
        name,
        gene_id
    from ranked
    where place = 1 and rivals = 1

)

select
    chosen.name::text as name,
    array_agg(transcripts.transcript_id::text order by {order}) as transcript_ids
from chosen
inner join public.transcripts as transcripts on chosen.gene_id = transcripts.gene_id
group by chosen.name
