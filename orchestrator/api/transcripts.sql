-- One page of transcripts, annotated: only rows of the page are looked up.
with

page as materialized (

    select
        rows.transcript_id,
        rows.fold_change,
        rows.reason
    from (
        {arms}
    ) as rows
    order by {order}
    limit %(limit)s
    offset %(offset)s

),

items as (

    select
        page.transcript_id,
        genes.gene_symbol,
        transcripts.gene_id,
        genes.gene_type,
        genes.chromosome,
        page.fold_change as expression_fold_change,
        page.reason as quarantine_reason,
        annotated.product_type,
        (
            select coalesce(
                json_agg(json_build_object('go_id', terms.go_id, 'name', terms.go_term, 'category', terms.go_category)
                    order by terms.go_id),
                '[]'
            )
            from public.transcript_go_terms as terms
            where terms.transcript_id = page.transcript_id
        ) as go_terms,
        (
            select coalesce(json_agg(
                pathways.pathway_name || ' [' || pathways.pathway_source || ':' || pathways.pathway_id || ']'
                order by pathways.pathway_name, pathways.pathway_id
            ), '[]')
            from public.gene_pathways as pathways
            where pathways.gene_id = transcripts.gene_id
        ) as pathways,
        (
            select coalesce(json_object_agg(found.drug_name, found.drug), '{{}}')
            from (
                -- A name twice in one object would be no good JSON.
                select distinct on (drugs.drug_name)
                    drugs.drug_name,
                    json_build_object(
                        'drug_id', drugs.drug_id, 'interaction_type', drugs.interaction_type, 'source', drugs.source
                    ) as drug
                from public.gene_drug_interactions as drugs
                where drugs.gene_id = transcripts.gene_id
                order by drugs.drug_name, drugs.drug_id
            ) as found
        ) as drugs,
        annotated.molecular_functions,
        annotated.cellular_location,
        -- v0.6.0 has no such facts; the compatibility view shows the same.
        '{{"go_terms": [], "uniprot": [], "drugs": [], "pathways": [], "publications": [], "evidence_scoring": []}}'::json
            as source_references
    from page
    left join public.transcripts as transcripts on page.transcript_id = transcripts.transcript_id
    left join public.genes as genes on transcripts.gene_id = genes.gene_id
    cross join lateral (
        select
            coalesce(json_agg(value) filter (where kind = 'product_type'), '[]') as product_type,
            coalesce(json_agg(value) filter (where kind = 'molecular_function'), '[]') as molecular_functions,
            coalesce(json_agg(value) filter (where kind = 'cellular_location'), '[]') as cellular_location
        from (
            select distinct
                annotations.annotation_type as kind,
                annotations.annotation_value as value
            from public.gene_annotations as annotations
            where annotations.gene_id = transcripts.gene_id
            order by 1, 2
        ) as facts
    ) as annotated

)

select
    count(*) as rows,
    coalesce(json_agg(items order by {item_order}), '[]')::text as items,
    (array_agg(expression_fold_change order by {item_order}))[count(*)] as last_fold_change,
    (array_agg(transcript_id order by {item_order}))[count(*)] as last_transcript_id
from items
