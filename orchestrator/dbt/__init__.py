"""Runs dbt as a library: settings in, plain results out."""
