select from public.transcripts limit 1
