"""Findings in SARIF 2.1.0, the format in which editors and code hosts show what a tool found in a file."""

from collections.abc import Sequence
from typing import Any

from orchestrator.queries.files import MigratedFile
from orchestrator.queries.findings import MEANINGS, Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
CODES_PAGE = "docs/QUERY_CODES.md"


def sarif(files: Sequence[MigratedFile], version: str) -> dict[str, Any]:
    """Return the log of one run; `version` is that of the product."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mediabase query migrate",
                        "version": version,
                        "rules": [
                            {
                                "id": code,
                                "shortDescription": {"text": meaning},
                                "helpUri": f"{CODES_PAGE}#{code.lower()}",
                            }
                            for code, meaning in MEANINGS.items()
                        ],
                    }
                },
                "results": [_result(file.path, each) for file in files for each in file.migrated.findings],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _result(path: str, finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "level": "error" if finding.is_error else "warning",
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
    }
