update access.token set revoked_at = clock_timestamp()
where name = %(name)s and revoked_at is null
returning token_id
