select
    legacy_system, database_name, database_oid, lock_intended_at, former_read_only, locked_at,
    cut_over_intended_at, former_connect, cut_over_at, gone_at
from migration.legacy_access
where %(system)s::text is null or legacy_system = %(system)s
order by changed_at desc, database_name collate "C"
