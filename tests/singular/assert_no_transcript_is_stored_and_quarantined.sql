select expression_data.transcript_id
from {{ ref('expression_data') }} as expression_data
inner join {{ ref('quarantined_expression') }} as quarantined
    on expression_data.transcript_id = quarantined.transcript_id
