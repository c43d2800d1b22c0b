"""Transcripts with their fold change in one patient, or at baseline: which statement a request leads to.

Stored, quarantined and baseline rows are read apart, and only where a request can have some: a filter that leaves out
1.0 reads the sparse table by its index and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from psycopg import sql

from orchestrator.api.cursor import Cursor, read_cursor
from orchestrator.api.database import Core, OnePatient, Query
from orchestrator.api.parameters import Transcripts
from orchestrator.api.problems import AnswerError
from orchestrator.postgres.statements import statement

BASELINE = 1.0
OF_CORE = {
    "transcript_ids": "{id} = any(%(transcript_ids)s)",
    "gene_symbols": "{id} in (select t.transcript_id from public.transcripts as t "
                    "inner join public.genes as g on t.gene_id = g.gene_id "
                    "where g.gene_symbol = any(%(gene_symbols)s))",
    "has_drugs": "%(has_drugs)s = exists (select from public.transcripts as t "
                 "inner join public.gene_drug_interactions as d on t.gene_id = d.gene_id where t.transcript_id = {id})",
    "has_pathways": "%(has_pathways)s = exists (select from public.transcripts as t "
                    "inner join public.gene_pathways as p on t.gene_id = p.gene_id where t.transcript_id = {id})",
}  # fmt: skip
"""Conditions on what the core knows of a transcript, by parameter."""


@dataclass
class _Arm:
    """Rows of one kind: the statement that reads them, the column of their ids, and what they must meet."""

    name: str
    id: str
    conditions: list[sql.Composable] = field(default_factory=list)


def page(asked: Transcripts, entrance: Core | OnePatient) -> Query:
    """Return the statement for a page of transcripts: one row with rows, items as JSON, last fold change and id.

    Raises AnswerError for a cursor that cannot be followed.
    """
    if asked.cursor and asked.offset:
        raise AnswerError(HTTPStatus.BAD_REQUEST, "Either a cursor or an offset.", "offset")
    after = read_cursor(asked.cursor, asked.order) if asked.cursor else None
    arms = [arm for arm in _arms(asked, entrance, after) if arm]
    values: dict[str, object] = asked.model_dump(exclude={"patient_id", "order", "cursor"})
    if after:
        values |= {"after": after.fold_change, "after_id": after.transcript_id}
    return _compose(arms, entrance, asked.order), values


def one(transcript_id: str, entrance: Core | OnePatient) -> Query:
    """Return the statement for one transcript, in the form of `page`."""
    return page(Transcripts(transcript_ids=[transcript_id], limit=1), entrance)


def next_cursor(asked: Transcripts, rows: int, fold_change: float | None, transcript_id: str) -> str | None:
    """Return the cursor of the next page; None when this one was not full, so that nothing follows."""
    return Cursor(asked.order, fold_change, transcript_id).text() if rows == asked.limit else None


def _arms(asked: Transcripts, entrance: Core | OnePatient, after: Cursor | None) -> Sequence[_Arm | None]:
    baseline = _baseline(asked, entrance, after)
    if isinstance(entrance, Core):
        return [baseline]
    return [_stored(asked, after), baseline, _quarantined(asked, after)]


def _stored(asked: Transcripts, after: Cursor | None) -> _Arm | None:
    if after and after.fold_change is None:
        return None
    arm = _Arm("stored", "sparse.transcript_id", _of_core(asked, "sparse.transcript_id"))
    for name, sign in (("fold_change_min", ">="), ("fold_change_max", "<=")):
        if getattr(asked, name) is not None:
            arm.conditions.append(sql.SQL(f"sparse.expression_fold_change {sign} %({name})s"))
    if after:
        sign = "<" if asked.order == "desc" else ">"
        arm.conditions.append(sql.SQL(
            f"sparse.expression_fold_change {sign}= %(after)s "
            f"and (sparse.expression_fold_change {sign} %(after)s or sparse.transcript_id > %(after_id)s)"
        ))  # fmt: skip
    return arm


def _baseline(asked: Transcripts, entrance: Core | OnePatient, after: Cursor | None) -> _Arm | None:
    lowest, highest = asked.fold_change_min, asked.fold_change_max
    if (lowest is not None and lowest > BASELINE) or (highest is not None and highest < BASELINE):
        return None
    arm = _Arm("baseline", "core.transcript_id", _of_core(asked, "core.transcript_id"))
    if isinstance(entrance, OnePatient):
        arm.conditions.append(statement(__package__, "not_at_baseline").format(schema=entrance.schema))
    if after and after.fold_change == BASELINE:
        arm.conditions.append(sql.SQL("core.transcript_id > %(after_id)s"))
    elif after and (after.fold_change is None or (after.fold_change < BASELINE) == (asked.order == "desc")):
        return None
    return arm


def _quarantined(asked: Transcripts, after: Cursor | None) -> _Arm | None:
    if asked.fold_change_min is not None or asked.fold_change_max is not None:
        return None
    arm = _Arm("quarantined", "kept.transcript_id", _of_core(asked, "kept.transcript_id"))
    if after and after.fold_change is None:
        arm.conditions.append(sql.SQL("kept.transcript_id > %(after_id)s"))
    return arm


def _of_core(asked: Transcripts, column: str) -> list[sql.Composable]:
    return [
        sql.SQL(condition.format(id=column))
        for name, condition in OF_CORE.items()
        if getattr(asked, name) not in (None, [])
    ]


def _compose(arms: Sequence[_Arm], entrance: Core | OnePatient, order: str) -> sql.Composed:
    direction = sql.SQL("desc" if order == "desc" else "asc")
    names = {"schema": entrance.schema} if isinstance(entrance, OnePatient) else {}
    none = sql.SQL("select null::text as transcript_id, null::double precision as fold_change, null::text as reason "
                   "where false")  # fmt: skip
    read: list[sql.Composable] = [
        statement(__package__, arm.name).format(
            conditions=sql.SQL(" and ").join(arm.conditions) if arm.conditions else sql.SQL("true"),
            direction=direction, **names,
        )
        for arm in arms
    ]  # fmt: skip
    return statement(__package__, "transcripts").format(
        arms=sql.SQL(" union all ").join(read or [none]),
        order=sql.SQL("rows.fold_change {} nulls last, rows.transcript_id").format(direction),
        item_order=sql.SQL("expression_fold_change {} nulls last, transcript_id").format(direction),
    )
