"""The report: facts of all patients, read in one go, as one page that needs no network."""
