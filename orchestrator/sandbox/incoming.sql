create temporary table incoming (
    transcript_id text not null,
    fold_change double precision
);
