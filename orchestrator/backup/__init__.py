"""Backups of databases: dumped, restored on a scratch server and compared before they count."""
