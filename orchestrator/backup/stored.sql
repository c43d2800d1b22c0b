-- What a thin archive stores of one table, for as long as that is restored.
drop table if exists pg_temp.gone, pg_temp."values";
create temporary table gone (hash bigint primary key);
create temporary table "values" (transcript_id text primary key, fold_change double precision);
