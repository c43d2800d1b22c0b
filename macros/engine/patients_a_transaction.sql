{% macro patients_a_transaction(many) %}
    {#- On Citus one: a transaction that loses its connection to a node is lost whole, with every patient in it. -#}
    {{ return(1 if engine() == 'citus' else many) }}
{% endmacro %}
