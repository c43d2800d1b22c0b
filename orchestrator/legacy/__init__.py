"""Reads v0.5.0 databases, and never writes to them."""
