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
_one_at_a_time = threading.RLock()
"""Great Expectations is for one thread; what is begun in the background is waited for."""


def context() -> "EphemeralDataContext":
    """Return the one context of this process; the first call imports Great Expectations, which takes seconds."""
    with _one_at_a_time:
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


def load() -> None:
    """Import Great Expectations and run the suite over a patient that is well: the first run takes longest."""
    context()
    broken([{"patient_id": "nobody", **{check.fact: 0 for check in CHECKS}}])


def warm_up() -> None:
    """Begin to load in the background, while others work."""
    threading.Thread(target=load, daemon=True).start()


def broken(rows: Sequence[Facts]) -> dict[str, list[Check]]:
    """Run the suite over the facts of some patients; return the checks that do not hold, by patient id.

    Raises MediabaseError when a check could not be evaluated.
    """
    with _one_at_a_time:
        return _broken(rows)


def _broken(rows: Sequence[Facts]) -> dict[str, list[Check]]:
    import pandas

    frame = pandas.DataFrame([_counts(row) for row in rows])
    batch = _facts_batch().get_batch({"dataframe": frame})
    # For whom a check does not hold costs twice as much as whether it holds, and few do not.
    asked = batch.validate(facts_suite(CHECKS), result_format="BOOLEAN_ONLY")
    failed = [_check(result) for result in asked.results if not result.success]
    wrong: dict[str, list[Check]] = {str(row["patient_id"]): [] for row in rows}
    if not failed:
        return wrong
    found = batch.validate(
        facts_suite(failed),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["patient_id"]},
    )
    for result in found.results:
        patients = result.result.get("unexpected_index_list") or []
        if not patients:
            raise MediabaseError(
                f"Check {_check(result).id} could not be evaluated: Great Expectations named no patient."
            )
        for each in patients:
            wrong[each["patient_id"]].append(_check(result))
    return wrong


def _check(result: Any) -> Check:
    return BY_ID[result.expectation_config.meta["check"]]


def facts_suite(checks: Sequence[Check]) -> "ExpectationSuite":
    """Return a suite over the table of facts: one expectation a check, nothing speaks against it."""
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
            for each in checks
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
