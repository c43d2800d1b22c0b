select count(*)
from public.transcripts
where not exists (select from public.genes where genes.gene_id::text = transcripts.gene_id::text)
