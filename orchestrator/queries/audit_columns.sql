-- What the wide table says of each transcript besides its fold change, as far as v0.6.0 has it from the core.
select transcript_id::text, md5(row(gene_symbol::text, gene_id::text, gene_type::text, chromosome::text)::text)
from ({rows}) as rows
