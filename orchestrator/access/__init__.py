"""Who may read what: the roles of readers, logins that have them, tokens of the API, and the record of each access."""
