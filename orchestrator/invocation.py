"""The name of this run of the program, by which a log line leads to the journal."""

from uuid import uuid4

INVOCATION = uuid4().hex[:12]
"""Made as the process starts; the same on every log line and in `migration.run.options`."""
