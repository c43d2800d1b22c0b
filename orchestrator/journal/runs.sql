select run_id, command, operator, host, process_id, started_at, finished_at, exit_code
from migration.run
order by run_id desc
limit %(count)s
