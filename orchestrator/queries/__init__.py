"""Queries written for v0.5.0: what they become in v0.6.0, and the proof that they say the same."""
