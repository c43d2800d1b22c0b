{% macro top_genes(rows, direction) -%}
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'gene_symbol', genes.gene_symbol,
                        'transcript_id', top.transcript_id,
                        'fold_change', top.fold_change
                    )
                    order by top.fold_change {{ direction }}, top.transcript_id
                ),
                '[]'
            )
        from {{ rows }} as top
        left join {{ source('core', 'transcripts') }} as transcripts on top.transcript_id = transcripts.transcript_id
        left join {{ source('core', 'genes') }} as genes on transcripts.gene_id = genes.gene_id
    )
{%- endmacro %}
