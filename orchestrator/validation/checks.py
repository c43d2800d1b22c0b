"""The checks: what each claims, how bad it is when that is not so, and what to do then. They stand in checks.toml."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One claim about one patient. `{schema}` and `{patient}` stand for its names."""

    id: str
    name: str
    claim: str
    severity: Literal["integrity", "information"]
    """integrity: the data is not what it must be, and the patient fails; information: somebody may want to know."""
    fact: str
    """Column of facts.sql with what speaks against it: a count, or a list of faults. 0 and empty are good."""
    show: str
    """Command that shows the rest."""
    dbt_test: str
    remedy: str
    ids: str | None = None
    """Column with what to name: transcript ids (first 20) or faults; None when there is only a count."""


ALL = [Check(**each) for each in tomllib.loads(files(__package__).joinpath("checks.toml").read_text())["check"]]
BY_ID = {check.id: check for check in ALL}
COHORT_CHECK = BY_ID["E1"]
"""The check that is about groups of patients, not about one."""
CHECKS = [check for check in ALL if check is not COHORT_CHECK]
