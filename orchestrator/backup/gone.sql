copy (select hash from pg_temp.changed where ours > 0) to stdout
