select pg_roles.oid::bigint, pg_roles.rolname, pg_roles.rolsuper, system_identifier::text
from pg_roles
cross join pg_control_system()
where pg_roles.rolname = session_user
