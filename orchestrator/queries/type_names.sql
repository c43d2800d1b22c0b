select format_type(wanted.oid, null)
from unnest(%(oids)s::oid []) with ordinality as wanted (oid, position)
order by wanted.position
