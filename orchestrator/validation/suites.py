"""Great Expectations suites, written in code: over a table of facts for a cohort, over a schema itself to go deep."""

import os
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestrator.errors import MediabaseError
from orchestrator.validation.checks import BY_ID, CHECKS, Check

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.data_context import EphemeralDataContext

Facts = Mapping[str, Any]
"""A row of facts.sql."""
_making = threading.Lock()


def context() -> "EphemeralDataContext":
    """Return the one context of this process; the first call imports Great Expectations, which takes seconds."""
    with _making:
        return _context()


@cache
def _context() -> "EphemeralDataContext":
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    from great_expectations import get_context
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),  # its default leaves a folder for a site behind
        progress_bars=ProgressBarsConfig(globally=False),  # commands have their own
        analytics_enabled=False,
    )
    return get_context(mode="ephemeral", project_config=config)


def warm_up() -> None:
    """Begin to make the context in the background, while others work."""
    threading.Thread(target=context, daemon=True).start()


def broken(rows: Sequence[Facts]) -> dict[str, list[Check]]:
    """Run the suite over the facts of some patients; return the checks that do not hold, by patient id."""
    import pandas

    frame = pandas.DataFrame([_counts(row) for row in rows])
    batch = _facts_batch().get_batch({"dataframe": frame})
    found = batch.validate(
        facts_suite(), result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["patient_id"]}
    )
    wrong: dict[str, list[Check]] = {str(row["patient_id"]): [] for row in rows}
    for result in found.results:
        check = BY_ID[result.expectation_config.meta["check"]]
        patients = result.result.get("unexpected_index_list") or []
        if not result.success and not patients:
            raise MediabaseError(f"Check {check.id} could not be evaluated: Great Expectations gave no patients.")
        for each in patients:
            wrong[each["patient_id"]].append(check)
    return wrong


@cache
def facts_suite() -> "ExpectationSuite":
    """Return the suite over the table of facts: one expectation a check, nothing speaks against it."""
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import ExpectColumnValuesToBeBetween
    from great_expectations.expectations.metadata_types import FailureSeverity

    severity = {"integrity": FailureSeverity.CRITICAL, "information": FailureSeverity.INFO}
    return ExpectationSuite(
        "facts",
        expectations=[
            ExpectColumnValuesToBeBetween(
                column=each.id, min_value=0, max_value=0, severity=severity[each.severity], meta={"check": each.id}
            )
            for each in CHECKS
        ],
    )


@cache
def _facts_batch() -> Any:
    source = context().data_sources.add_pandas("facts")
    return source.add_dataframe_asset("facts").add_batch_definition_whole_dataframe("all")


def _counts(row: Facts) -> dict[str, str | int | None]:
    """Return what speaks against each check, as a number; None where the fact is unknown, which X0 tells."""
    return {"patient_id": row["patient_id"], **{check.id: count(row[check.fact]) for check in CHECKS}}


def count(fact: int | Sequence[str] | None) -> int | None:
    """Return a fact as a number."""
    return fact if fact is None or isinstance(fact, int) else len(fact)
