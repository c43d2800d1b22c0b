-- What tells two servers apart that may be reached under different names.
select
    system_identifier,
    pg_postmaster_start_time()
from pg_control_system();
