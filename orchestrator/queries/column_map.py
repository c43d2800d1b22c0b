"""What became of each column of v0.5.0's wide table: a seed, of which the compatibility view is made, too."""

import csv
import re
from dataclasses import dataclass
from functools import cache

from orchestrator.dbt.runner import project_folder

SEED = "seeds/legacy_columns.csv"
FOLD_CHANGE, TRANSCRIPT_ID = "expression_fold_change", "transcript_id"
_PLAIN = re.compile(r"([tg])\.(\w+)")


@dataclass(frozen=True)
class LegacyColumn:
    """A column of v0.5.0, and where its values come from in v0.6.0."""

    name: str
    data_type: str
    mapping: str
    """exact: the same value; lossy: built anew from other tables; none: v0.6.0 has no such facts."""
    expression: str
    """SQL over the core's transcripts (t) and genes (g); a constant where there is nothing."""
    difference: str
    """What differs, for people; empty for exact ones."""
    is_current: bool
    """Whether the view has it; older v0.5.0 tables had more columns."""

    @property
    def plain(self) -> tuple[str, str] | None:
        """Return alias (t or g) and column in the core, of a column that is simply read from there."""
        found = _PLAIN.fullmatch(self.expression)
        return (found[1], found[2]) if found and self.mapping == "exact" else None


@cache
def legacy_columns() -> dict[str, LegacyColumn]:
    """Return the columns by name, in the order of the table, older ones last."""
    with (project_folder() / SEED).open(encoding="utf-8", newline="") as file:
        return {
            row["column_name"]: LegacyColumn(
                row["column_name"], row["data_type"], row["mapping"], row["expression"], row["difference"],
                bool(row["position"]),
            )
            for row in csv.DictReader(file)
        }  # fmt: skip
