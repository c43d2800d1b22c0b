select transcript_id
from {batch}
where transcript_id not in (select core.transcript_id from public.transcripts as core)
