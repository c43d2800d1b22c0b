{% macro gene_annotation_array(annotation_type) -%}
        array(
            select distinct a.annotation_value
            from {{ source('core', 'gene_annotations') }} as a
            where a.gene_id = t.gene_id and a.annotation_type = '{{ annotation_type }}'
            order by 1
        )
{%- endmacro %}
