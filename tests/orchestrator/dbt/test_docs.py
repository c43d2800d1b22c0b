"""The documentation: one file, nothing left out, and a way from the legacy database to what reads its values."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import CHECKOUT, Lab, clean_environment

from orchestrator.queries.column_map import legacy_columns

KINDS = ("nodes", "sources", "exposures", "macros", "unit_tests", "metrics", "semantic_models", "saved_queries")
SIGNATURE = re.compile(r"{%-?\s*(?:macro|test)\s+\w+\(([^)]*)\)")

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `make docs` wrote, with no server to ask."""
    folder = tmp_path_factory.mktemp("docs")
    venv = Path(sys.prefix)
    done = subprocess.run(
        ["make", "docs", f"DOCS={folder}", f"VENV={venv}", f"--old-file={venv / 'installed'}"],
        cwd=CHECKOUT, capture_output=True, text=True,
        env=clean_environment(PGHOST=os.devnull, DBT_SEND_ANONYMOUS_USAGE_STATS="true"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{folder}/index.html" in done.stdout
    return folder


@pytest.fixture(scope="module")
def manifest(site: Path) -> Manifest:
    """Return what dbt knows of the project without a patient."""
    return dict(json.loads((site / "build" / "manifest.json").read_text()))


def ours(manifest: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield everything of this project that can be described, with its id."""
    for kind in KINDS:
        for name, found in manifest[kind].items():
            if found["package_name"] == "mediabase" and found["resource_type"] not in ("operation", "sql_operation"):
                yield name, found


def undescribed(manifest: Manifest) -> list[str]:
    """Return what has no description, or has parts that are not listed where they could have one.

    An instance of a generic test counts as described by itself, or by the description of the test, if that is
    one of this project.
    """
    missing = []
    for name, found in ours(manifest):
        test = (found.get("test_metadata") or {}).get("name")
        of_the_test = manifest["macros"].get(f"macro.mediabase.test_{test}", {})
        descriptions = {name: found["description"] or of_the_test.get("description")}
        if found["resource_type"] == "source":
            descriptions[f"source.{found['source_name']}"] = found["source_description"]
        if found["resource_type"] in ("model", "seed", "source") and not found["columns"]:
            missing.append(f"{name}: columns")
        parts = [*found.get("columns", {}).values(), *found.get("arguments", [])]
        descriptions.update({f"{name}.{part['name']}": part["description"] for part in parts})
        if signature := SIGNATURE.match(found.get("macro_sql", "")):
            taken = {argument.partition("=")[0].strip() for argument in signature[1].split(",")} - {""}
            missing += [f"{name}.{argument}" for argument in taken ^ {part["name"] for part in parts}]
        missing += [part for part, description in descriptions.items() if not (description or "").strip()]
    return missing


def test_everything_is_described(manifest: Manifest) -> None:
    """Models, seeds, sources, their columns, exposures, macros, their arguments, and every test."""
    assert undescribed(manifest) == []
    assert {found["resource_type"] for _, found in ours(manifest)} >= {
        "model", "source", "exposure", "macro", "test", "unit_test"
    }  # fmt: skip
    models = [
        found for _, found in ours(manifest) if found.get("fqn", [])[1:2] == ["patient"] and "constraints" in found
    ]
    assert len(models) == 4
    assert all(column["data_type"] for model in models for column in model["columns"].values())


@pytest.mark.parametrize(
    ("kind", "name", "part"),
    [
        ("nodes", "model.mediabase.expression_data", "description"),
        ("nodes", "model.mediabase.expression_data", "columns"),
        ("nodes", "test.mediabase.assert_dispositions_add_up", "description"),
        ("sources", "source.mediabase.migration.patient", "source_description"),
        ("sources", "source.mediabase.migration.patient", "columns"),
        ("exposures", "exposure.mediabase.patient_api", "description"),
        ("macros", "macro.mediabase.test_row_count_matches", "description"),
        ("macros", "macro.mediabase.test_row_count_matches", "arguments"),
        ("macros", "macro.mediabase.materialization_patient_table_postgres", "description"),
    ],
)
def test_what_is_not_described_is_found(manifest: Manifest, kind: str, name: str, part: str) -> None:
    """The check above can fail: here something is taken away, or one of its parts is left bare."""
    changed = copy.deepcopy(manifest)
    (full_name,) = [found for found in changed[kind] if found == name or found.rpartition(".")[0] == name]
    found = changed[kind][full_name]
    if isinstance(found[part], str):
        found[part] = ""
        assert undescribed(changed)
        return
    bare = copy.deepcopy(changed)
    parts = bare[kind][full_name][part]
    (parts if isinstance(parts, list) else list(parts.values()))[0]["description"] = " "
    assert len(undescribed(bare)) == 1
    found[part] = type(found[part])()
    assert undescribed(changed)


def test_a_bare_instance_of_a_builtin_test_is_found(manifest: Manifest) -> None:
    """dbt describes its own tests nowhere in the documentation."""
    changed = copy.deepcopy(manifest)
    for node in changed["nodes"].values():
        if node["name"] == "unique_expression_data_transcript_id":
            node["description"] = ""
    assert len(undescribed(changed)) == 1


def test_documented_columns_are_those_of_the_database(lab: Lab) -> None:
    """Of everything that this project makes: models, seeds, staging and journal."""
    lab.export("DEMO_HER2")
    success, said = lab.dbt("build", "--vars", '{"patient_id": "DEMO_HER2"}')
    assert success, said
    manifest = json.loads((lab.home / "dbt-of-tests" / "target" / "manifest.json").read_text())
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, relation, column in lab.query(
        "select table_schema, table_name, column_name from information_schema.columns"
    ):
        columns.setdefault((schema, relation), set()).add(column)
    compared = 0
    for name, found in ours(manifest):
        made_here = found["resource_type"] in ("model", "seed") or found.get("source_name") in ("staging", "migration")
        place = (found.get("schema", ""), found.get("identifier") or found.get("alias", ""))
        if made_here and place in columns:
            assert set(found["columns"]) == columns[place], name
            compared += 1
    assert compared >= 12


def reachable(manifest: Manifest, start: str) -> set[str]:
    """Return what is downstream of a node."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(manifest["child_map"][waiting.pop()]) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("surface", ["cancer_transcript_base", "transcripts"])
def test_lineage_goes_from_the_legacy_database_to_the_api(manifest: Manifest, surface: str) -> None:
    """Through staging, and through each relation of a patient, to everything that reads it."""
    legacy = f"source.mediabase.legacy_database.{surface}"
    staging = "model.mediabase.stg_legacy__expression"
    patient = [f"model.mediabase.{name}" for name in ("expression_data", "quarantined_expression", "metadata")]
    exposures = {f"exposure.mediabase.{name}" for name in ("patient_api", "migration_report", "legacy_queries")}
    # A source that only staging reads is one that no test and no other model could query.
    assert manifest["child_map"][legacy] == [staging]
    assert set(patient) <= reachable(manifest, staging)
    for model in patient:
        assert "exposure.mediabase.patient_api" in manifest["child_map"][model]
    assert exposures <= reachable(manifest, patient[0])


def test_lineage_has_what_the_seed_makes_the_views_read(manifest: Manifest) -> None:
    """The expressions name tables, which dbt cannot see in them."""
    expressions = " ".join(column.expression for column in legacy_columns().values())
    core = {"transcripts", "genes", *re.findall(r"public\.(\w+)", expressions)}
    assert len(core) == 7
    assert set(manifest["parent_map"]["model.mediabase.core_transcripts"]) == {
        "seed.mediabase.legacy_columns",
        *(f"source.mediabase.core.{table}" for table in core),
    }
    assert set(manifest["parent_map"]["model.mediabase.cancer_transcript_base"]) == {
        "seed.mediabase.legacy_columns",
        "model.mediabase.core_transcripts",
        "model.mediabase.expression_data",
        "model.mediabase.quarantined_expression",
    }


def test_nothing_queries_the_legacy_database(manifest: Manifest) -> None:
    """Its sources stand in a comment that dbt never sends, and only there."""
    for name, node in ours(manifest):
        assert "legacy_database" not in str(node.get("raw_code")), name
    hooks = manifest["nodes"]["model.mediabase.stg_legacy__expression"]["config"]["pre-hook"]
    assert all(hook["sql"].startswith("-- ") and "\n" not in hook["sql"].strip() for hook in hooks)


def test_the_site_is_one_file_that_loads_nothing(site: Path) -> None:
    """All data is in it; and it reports nobody's visit, whatever the environment of the build says."""
    page = (site / "index.html").read_text()
    assert re.search(r"<(script|link|img)[^>]*(src|href)=[\"'](https?:)?//", page) is None
    # The page's own code loads a tracker when this is true, and nothing else from anywhere.
    assert '"send_anonymous_usage_stats": true' not in page
    assert '"send_anonymous_usage_stats": false' in page
    for text in ("quarantined_expression", "assert_dispositions_add_up", "legacy_database", "the core's to give"):
        assert text in page, text
