select count(*) - count(distinct transcript_id) as repeated_or_null
from public.{surface}
