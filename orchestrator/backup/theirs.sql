create temporary table theirs (hash bytea, transcript_id text, fold_change double precision) on commit drop
