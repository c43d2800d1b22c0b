"""Measurements, one command each, with their results beside them; never part of the tests."""
