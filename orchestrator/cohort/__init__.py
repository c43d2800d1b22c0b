"""The fold changes of all patients beside each other: refreshed where a patient changed, and read."""
