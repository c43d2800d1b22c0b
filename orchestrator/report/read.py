"""Reads what a report tells: a few statements for all patients, in one snapshot; never the rows of a patient."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from orchestrator import journal
from orchestrator.errors import MediabaseError, RefusedError
from orchestrator.legacy.databases import database_facts
from orchestrator.pages.fold_changes import Distribution, FoldChangeClass, Gene
from orchestrator.postgres.connection import Connection, Servers, connect, describe
from orchestrator.postgres.engine import table_bytes
from orchestrator.postgres.statements import statement
from orchestrator.report.facts import (
    Biomarker,
    Concordance,
    Event,
    Finding,
    Legacy,
    Meaning,
    Metadata,
    PatientFacts,
    Phenotype,
    Queries,
    Report,
    Rows,
    Run,
    Server,
    Structure,
    Validation,
    Version,
)

T = TypeVar("T")
SHOWN_RUNS = 20
PATIENCE_SECONDS = 10
"""How long to wait for a legacy server that does not answer."""
CORE_SCHEMAS = ("public", "legacy")
OTHER_SCHEMAS = ("migration", "cohort", "staging")

Record = dict[str, Any]


def read(servers: Servers, say: Callable[[str], None]) -> Report:
    """Return the facts of all patients of the journal; `say` is told what is read.

    The legacy server is only asked for sizes, and need not be there. Raises RefusedError without a journal, or when
    it may not be read, and UsageError when the target cannot be reached.
    """
    with connect(servers.target) as target:
        target.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        target.read_only = True
        try:
            journal.require(target)
            say("reading the sizes of the legacy databases")
            legacy = _legacy(servers.legacy)
            say("reading the facts of all patients")
            return _read(target, describe(servers.target), legacy)
        except psycopg.errors.InsufficientPrivilege as error:
            raise RefusedError(
                f"The role {target.info.user} may not read the facts of {target.info.dbname} "
                f"({error.diag.message_primary}): grant it USAGE on schemas migration and cohort, and SELECT there."
            ) from error


def _legacy(dsn: str) -> Legacy:
    """Return the sizes of the legacy databases, or why they are not known; never fails."""
    try:
        version, facts = database_facts(_in_time(dsn))
    except (MediabaseError, psycopg.Error) as error:
        return Legacy({}, None, str(error) if isinstance(error, MediabaseError) else "The legacy server refuses.")
    return Legacy({name: fact.size_bytes for name, fact in facts.items()}, _readable(version), "")


def _in_time(dsn: str) -> str:
    try:
        return make_conninfo(dsn, **{"connect_timeout": PATIENCE_SECONDS, **conninfo_to_dict(dsn)})
    except psycopg.ProgrammingError:
        return dsn  # connect() reports it


def _read(target: Connection, where: str, legacy: Legacy) -> Report:
    target.execute("set local timezone = 'UTC'")
    now = target.execute("select date_trunc('second', now())").fetchone()
    assert now is not None  # noqa: S101  # a row without a table
    sizes = _sizes(target)
    version = _readable(target.info.server_version)
    recorded = tuple(Version(**row) for row in _rows(target, "versions", "public.schema_versions"))
    return Report(
        server=Server(where, version, cast(datetime, now[0]), recorded),
        legacy=legacy,
        patients=_patients(target, legacy, sizes),
        classes=tuple(FoldChangeClass(**row) for row in _rows(target, "classes", "cohort.fold_change_classes")),
        concordance=tuple(Concordance(**row) for row in _rows(target, "concordance", "cohort.cohort_concordance")),
        meanings=tuple(Meaning(**row) for row in _rows(target, "meanings", "cohort.biomarker_panels")),
        runs=tuple(Run(**row) for row in _rows(target, "runs", count=SHOWN_RUNS)),
        events={row["event"]: Event(**row) for row in _rows(target, "events")},
        core_bytes=sum(sizes.get(name, 0) for name in CORE_SCHEMAS),
        other_bytes=sum(sizes.get(name, 0) for name in OTHER_SCHEMAS),
    )


def _sizes(target: Connection) -> dict[str, int]:
    """Return the bytes of schemas by name."""
    query = statement(__package__, "bytes").format(bytes=table_bytes(target))
    return {str(schema): int(str(size)) for schema, size in target.execute(query).fetchall()}


def _patients(target: Connection, legacy: Legacy, sizes: Mapping[str, int]) -> tuple[PatientFacts, ...]:
    """Return the facts of every patient of the journal, by id."""
    known = journal.patients(target)
    rows = _by_patient(target, "facts", Rows, "cohort.patient_facts")
    structures = _by_patient(target, "structure", Structure, "cohort.patient_structure")
    metadata = _by_patient(target, "metadata", Metadata, "cohort.patient_metadata")
    distributions = _by_patient(target, "distribution", _distribution, "cohort.patient_distribution")
    queries = _by_patient(target, "queries", Queries, "cohort.patient_queries")
    validations = _by_patient(target, "validation", _validation, "migration.validation")
    phenotypes = _lists(target, "phenotypes", Phenotype, "cohort.patient_phenotypes")
    biomarkers = _lists(target, "biomarkers", Biomarker, "cohort.patient_biomarkers")
    errors = _lists(target, "errors", lambda **row: (row["relation"], row["error_code"]), "cohort.patient_error")
    seconds = _lists(target, "seconds", lambda **row: (row["event"], row["seconds"]))
    return tuple(
        PatientFacts(
            journal=patient,
            bytes_before=legacy.sizes.get(patient.source_database),
            bytes_after=sizes.get(patient.schema_name),
            rows=rows.get(patient_id),
            structure=structures.get(patient_id),
            metadata=metadata.get(patient_id),
            distribution=distributions.get(patient_id),
            queries=queries.get(patient_id),
            validation=validations.get(patient_id),
            phenotypes=tuple(phenotypes[patient_id]),
            biomarkers=tuple(biomarkers[patient_id]),
            errors=dict(errors[patient_id]),
            seconds=dict(seconds[patient_id]),
        )
        for patient_id, patient in known.items()
    )


def _rows(target: Connection, name: str, relation: str | None = None, **values: object) -> list[Record]:
    """Return the rows of a statement; none when the relation that it needs was not made yet."""
    if relation and target.execute("select to_regclass(%s)", [relation]).fetchone() == (None,):
        return []
    with target.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement(__package__, name), values or None).fetchall()


def _by_patient(target: Connection, name: str, make: Callable[..., T], relation: str | None = None) -> dict[str, T]:
    return {row.pop("patient_id"): make(**row) for row in _rows(target, name, relation)}


def _lists(
    target: Connection, name: str, make: Callable[..., T], relation: str | None = None
) -> defaultdict[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for row in _rows(target, name, relation):
        found[row.pop("patient_id")].append(make(**row))
    return found


def _distribution(**row: Any) -> Distribution:
    by_class = {int(number): int(rows) for number, rows in (row.pop("rows_by_class") or {}).items()}
    up, down = (tuple(map(_gene, row.pop(name) or [])) for name in ("top_up", "top_down"))
    return Distribution(**row, top_up=up, top_down=down, rows_by_class=by_class)


def _gene(found: Mapping[str, Any]) -> Gene:
    transcript_id = str(found["transcript_id"])
    return Gene(found["gene_symbol"] or transcript_id, transcript_id, float(found["fold_change"]))


def _validation(**row: Any) -> Validation:
    return Validation(
        is_passed=row["is_passed"],
        failures=tuple(_findings(row["failures"])),
        notes=tuple(_findings(row["notes"])),
        checked_at=row["checked_at"],
    )


def _findings(found: object) -> Iterable[Finding]:
    """Return what a validation kept as findings; it may have been made by another version of this product."""
    for each in found if isinstance(found, list) else []:
        known = {**each} if isinstance(each, dict) else {"finding": each}
        count, named, show = (known.pop(name, None) for name in ("count", "named", "show"))
        check = str(known.pop("check", "a check"))
        text = "; ".join(str(value) for value in known.values() if value not in (None, "", [], {}))
        yield Finding(
            check=check,
            text=text,
            count=count if isinstance(count, int) else None,
            named=tuple(map(str, named)) if isinstance(named, list) else (),
            show=str(show or ""),
        )


def _readable(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"
