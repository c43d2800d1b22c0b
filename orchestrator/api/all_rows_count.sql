select
    (select count(*) from {schema}.expression_data)
    + (select count(*) from {schema}.quarantined_expression) as rows
