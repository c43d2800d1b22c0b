"""The REST API and the pages beside it, read from the database by the rights of whoever asks."""
