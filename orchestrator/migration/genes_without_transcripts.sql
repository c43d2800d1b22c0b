select count(*)
from public.genes
where not exists (select from public.transcripts where transcripts.gene_id::text = genes.gene_id::text)
