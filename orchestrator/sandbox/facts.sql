-- Size of the wide table, in rows, rows that are not at the baseline, and bytes of the whole database.
select
    count(*),
    count(*) filter (where expression_fold_change is distinct from 1.0),
    pg_database_size(current_database())
from cancer_transcript_base;
