-- Equal for equal gene symbols, in any order; see fingerprint.sql for how sure it is.
select count(*) as rows, coalesce(
    sum(
        pg_catalog.hashtextextended(
            coalesce(gene_symbol::text, ''), pg_catalog.hashtextextended(gene_id::text, 0)
        )
    ),
    0
)::text as hash_sum
from public.genes
