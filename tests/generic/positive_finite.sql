{% test positive_finite(model, column_name) %}

select *
from {{ model }}
where not ({{ column_name }} > 0 and {{ column_name }} < 'Infinity')

{% endtest %}
