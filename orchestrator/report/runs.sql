-- The latest runs, the last first, with the seconds that each took and how many patients it was asked for.
select
    run_id,
    command,
    started_at,
    extract(epoch from finished_at - started_at)::double precision as seconds,
    exit_code,
    (options ->> 'patients')::bigint as patients
from migration.run
order by run_id desc
limit %(count)s
