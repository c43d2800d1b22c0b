{% macro gene_reference_array(external_dbs) -%}
        array(
            select distinct x.external_id::text
            from {{ source('core', 'gene_cross_references') }} as x
            where x.gene_id = t.gene_id and x.external_db in ('{{ external_dbs | join("', '") }}')
            order by 1
        )
{%- endmacro %}
