"""MEDIABASE v0.6.0: the migration and operation layer around the dbt project."""
