"""What there is to say about a statement: a stable code, where, and what to do. docs/QUERY_CODES.md explains each."""

from dataclasses import dataclass

MEANINGS = {
    "E101": "v0.6.0 has no such column",
    "E102": "the statement changes the table",
    "E103": "the statement defines, or administers, the table",
    "E104": "a system column of the table",
    "E105": "TABLESAMPLE",
    "E106": "row locks",
    "E107": "dynamic SQL",
    "E108": "a look into the catalog for the table",
    "E109": "transcripts.expression_fold_change is not the patient's",
    "E110": "GROUP BY relies on the table's primary key",
    "E111": "it cannot be parsed",
    "E112": "it names the table, and was not changed",
    "E113": "another database, or a patient that is not there",
    "E114": "it cannot be written in the style that was asked for",
    "E115": "ROUND(double precision, integer) does not exist",
    "W101": "the column is built anew in v0.6.0",
    "W102": "all columns are read, also those that v0.6.0 does not have",
    "W103": "the patient has rows in quarantine",
    "W104": "v0.6.0 has no such table, view or function",
    "W105": "a function's body is kept, and runs with the patient's search_path",
    "W106": "ROUND was repaired",
    "W107": "it is made where search_path says, for this patient only",
}
"""Every code with what it stands for; E refuses the statement, W is a warning."""


@dataclass(frozen=True)
class Finding:
    """One thing to say about a statement; line and column (both from 1) are where in the file."""

    code: str
    message: str
    line: int
    column: int

    @property
    def is_error(self) -> bool:
        """Tell whether the statement is refused for it."""
        return self.code.startswith("E")
