select transcripts.transcript_id
from public.transcripts
left join public.genes on transcripts.gene_id = genes.gene_id
where
    transcripts.transcript_id = any(%(ids)s)
    or genes.gene_symbol is null
    or genes.gene_symbol <> all(%(symbols)s)
order by array_position(%(ids)s::text[], transcripts.transcript_id::text), transcripts.transcript_id collate "C"
