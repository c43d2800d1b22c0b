select transcript_id::text as transcript_id
from public.transcripts
where transcript_id::text in (select unnest(%(ids)s::text []))
