select transcripts.transcript_id, genes.gene_symbol, transcripts.gene_id, genes.gene_type, genes.chromosome
from public.transcripts
left join public.genes on transcripts.gene_id = genes.gene_id
