"""Writes the OpenAPI document: `python -m orchestrator.api.document FILE`, or `make openapi`."""

import json
import sys
from pathlib import Path

from orchestrator.api.app import Options, create_app, document


def text() -> str:
    """Return the document as it is kept in the repository."""
    return json.dumps(document(create_app(Options(dsn=""))), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
