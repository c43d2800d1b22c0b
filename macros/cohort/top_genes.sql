{% macro top_genes(rows, direction) -%}
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'gene_symbol', genes.gene_symbol,
                        'transcript_id', rows.transcript_id,
                        'fold_change', rows.fold_change
                    )
                    order by rows.fold_change {{ direction }}, rows.transcript_id
                ),
                '[]'
            )
        from {{ rows }} as rows
        left join {{ source('core', 'transcripts') }} as transcripts on rows.transcript_id = transcripts.transcript_id
        left join {{ source('core', 'genes') }} as genes on transcripts.gene_id = genes.gene_id
    )
{%- endmacro %}
