"""Reads a file of fold changes that a laboratory hands over: says what it is, and yields its rows."""
