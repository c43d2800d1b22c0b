select
    token.token_id, token.name, token.patient_ids, token.all_patients, token.cohort, token.created_by, token.created_at,
    token.expires_at, token.revoked_at, max(audit.at) as last_used_at, count(audit.audit_id) as accesses
from access.token
left join access.audit on token.token_id = audit.token_id
where %(with_ended)s or (token.revoked_at is null and token.expires_at > now())
group by token.token_id
order by token.token_id
