select distinct gene_symbol::text as gene_symbol from public.genes
where gene_symbol = any(%(gene_symbols)s)
