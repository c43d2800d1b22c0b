select
    (select coalesce(sum(ours), 0) from pg_temp.changed),
    (select coalesce(sum(theirs), 0) from pg_temp.changed),
    (select count(*) from {ours}) + (select count(*) from pg_temp.theirs)
