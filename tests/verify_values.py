"""Compare every legacy database with its patient schema, row by row, bit by bit.

This script shares no code with the product, on purpose: it reads both sides with plain queries and decides
for itself what must have become of each legacy row. It prints a line per patient and exits 1 if anything
differs.

Usage: python tests/verify_values.py TARGET_DSN [LEGACY_DSN] [PATIENT_ID ...]
"""

import math
import struct
import sys
from collections.abc import Iterator

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

PREFIX = "mediabase_patient_"


def rows(connection: psycopg.Connection, query: object, *parameters: object) -> Iterator[tuple]:
    """Stream the rows of a query; floats arrive in binary, bit for bit."""
    with connection.cursor(name="verify", binary=True) as cursor:
        cursor.itersize = 20_000
        cursor.execute(query, parameters or None)
        yield from cursor


def bits(value: float | None) -> bytes | None:
    """Return the eight bytes of a float, so that NaN equals itself and 0.0 differs from -0.0."""
    return None if value is None else struct.pack(">d", value)


def expected(transcript_id: str, value: float | None, core: set[str]) -> str:
    """Say what must become of one legacy row."""
    if value is None:
        return "null"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "infinite"
    if value <= 0:
        return "not_positive"
    if transcript_id not in core:
        return "orphan"
    return "baseline" if value == 1 else "stored"


def legacy_values(connection: psycopg.Connection) -> dict[str, float | None]:
    """Return the values of the surface that has any, the wide table before the narrow one."""
    surfaces = []
    for name in ("cancer_transcript_base", "transcripts"):
        if connection.execute("select to_regclass(%s)", [f"public.{name}"]).fetchone() != (None,):
            query = SQL("select transcript_id::text, expression_fold_change from public.{}").format(Identifier(name))
            surfaces.append(dict(rows(connection, query)))
    changed = [values for values in surfaces if any(value != 1 for value in values.values())]
    return (changed or surfaces)[0]


def differences(legacy: dict, stored: dict, quarantined: dict, view: dict, core: set[str]) -> list[str]:
    """Return a sentence for everything that is not as it must be."""
    found = [f"{key} is stored and quarantined" for key in stored.keys() & quarantined.keys()]
    found += [f"{key} is not a legacy row" for key in (stored.keys() | quarantined.keys()) - legacy.keys()]
    for key, value in legacy.items():
        must = expected(key, value, core)
        if must == "stored" and bits(stored.get(key)) != bits(value):
            found.append(f"{key} must be stored, bit by bit")
        elif must == "baseline" and (key in stored or key in quarantined):
            found.append(f"{key} must not be anywhere")
        elif must not in ("stored", "baseline"):
            reason, kept = quarantined.get(key, (None, None))
            if reason != must or bits(kept) != bits(value):
                found.append(f"{key} must be quarantined as {must}")
    for key in core | legacy.keys():
        if key not in view or bits(view[key]) != bits(legacy.get(key, 1.0)):
            found.append(f"{key} reads wrong through the compatibility view")
    found += [f"{key} is in the compatibility view only" for key in view.keys() - core - legacy.keys()]
    return found


def verify(target: psycopg.Connection, legacy_dsn: str, patient_id: str, core: set[str]) -> list[str]:
    """Compare one patient; print what was seen, and return the differences."""
    schema = "patient_" + patient_id.lower().replace("-", "_").replace(".", "_")
    with psycopg.connect(legacy_dsn, dbname=PREFIX + patient_id) as connection:
        legacy = legacy_values(connection)

    def read(relation: str, columns: str) -> list[tuple]:
        query = SQL("select transcript_id::text, {} from {}").format(SQL(columns), Identifier(schema, relation))
        return list(rows(target, query))

    stored_rows = read("expression_data", "expression_fold_change")
    quarantined_rows = read("quarantined_expression", "reason, expression_fold_change")
    view_rows = read("cancer_transcript_base", "expression_fold_change")
    stored, view = dict(stored_rows), dict(view_rows)
    quarantined = {key: (reason, value) for key, reason, value in quarantined_rows}
    found = differences(legacy, stored, quarantined, view, core)
    if (len(stored), len(quarantined), len(view)) != (
        len(stored_rows),
        len(quarantined_rows),
        len(view_rows),
    ):
        found.append("an id occurs twice")
    print(
        f"{patient_id}: {len(legacy)} legacy rows, {len(stored)} stored, {len(quarantined)} quarantined, "
        f"{len(found)} differences",
        flush=True,
    )
    return found


def main(target_dsn: str, legacy_dsn: str, *patient_ids: str) -> int:
    """Verify the named patients, or every legacy database of the server."""
    total = 0
    with psycopg.connect(make_conninfo(target_dsn)) as target:
        core = {key for (key,) in rows(target, "select transcript_id::text from public.transcripts")}
        if not patient_ids:
            names = target_names(legacy_dsn)
            patient_ids = tuple(name.removeprefix(PREFIX) for name in names)
        for patient_id in patient_ids:
            found = verify(target, legacy_dsn, patient_id, core)
            total += len(found)
            for sentence in found[:10]:
                print(f"  {sentence}")
    print(f"{len(patient_ids)} patients, {total} differences")
    return 1 if total or not patient_ids else 0


def target_names(legacy_dsn: str) -> list[str]:
    """Return the names of all legacy databases."""
    with psycopg.connect(legacy_dsn) as connection:
        query = "select datname from pg_database where starts_with(datname, %s) order by datname"
        return [name for (name,) in connection.execute(query, [PREFIX])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *(sys.argv[2:] or sys.argv[1:2])))
