create temporary table theirs (hash bigint, transcript_id text, fold_change double precision) on commit drop
