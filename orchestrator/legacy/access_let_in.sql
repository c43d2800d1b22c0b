select rolname
from pg_roles
where rolcanlogin and has_database_privilege(oid, %(oid)s::oid, 'connect')
order by rolname collate "C"
