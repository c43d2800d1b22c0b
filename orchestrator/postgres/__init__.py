"""Everything that any PostgreSQL client needs: the embedded server, connections, streams."""
