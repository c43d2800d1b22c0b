select transcript_id
from {batch}
group by transcript_id
having count(*) <> 1
