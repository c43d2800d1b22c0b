"""Validation: whether a patient's data is what it should be, and what its biology says."""
