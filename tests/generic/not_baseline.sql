{% test not_baseline(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} = 1.0

{% endtest %}
