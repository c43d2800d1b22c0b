"""Moves patients: export, build, parity, publish, and the journal of all of it."""
