"""The rehearsal on real patients: three of forty foretell what all will take."""

import json
from pathlib import Path

import pytest
from helpers import Lab, running_server
from real_data import NAIVE, VERSIONED, fitted, real_lab

from orchestrator.patient_id import schema_name

TRANSCRIPTS = 20_000
BAD = "not (expression_fold_change > 0 and expression_fold_change < 'Infinity') or expression_fold_change is null"


@pytest.mark.acceptance
def test_three_of_forty_foretell_the_size_and_every_quarantined_row(realdata: Path) -> None:
    """Within 15 % of what the patient schemas then take; the table of naive ratios is the largest of the sample."""
    files: dict[str, Path | dict[str, str]] = {
        path.name.removesuffix(".csv.gz"): path for path in (realdata / "patients").glob("*.csv.gz")
    }
    assert len(files) == 40
    files[NAIVE[VERSIONED]] = fitted(realdata, VERSIONED)
    with real_lab(realdata, files, TRANSCRIPTS) as lab:
        lab.execute("vacuum analyze")
        done = lab.run("rehearse", "--sample", 3, "--jobs", 2, "--keep", "--json", timeout=600)
        assert done.returncode == 3, done.stderr
        report = json.loads(done.stdout)
        assert not report["differences"]
        outcomes = {each["outcome"]["patient_id"]: each["outcome"] for each in report["patients"]}
        assert len(outcomes) == 3 and NAIVE[VERSIONED] in outcomes
        for patient_id, outcome in outcomes.items():
            (bad, rows) = lab.query(
                f"select count(*) filter (where {BAD}), count(*) from cancer_transcript_base",
                f"mediabase_patient_{patient_id}",
            )[0]
            assert outcome["legacy_rows"] == rows
            assert sum(count for reason, count in outcome["reasons"].items() if reason != "orphan") == bad

        migrated = lab.results("migrate", "--all", "--jobs", 2, code=3)
        with running_server(Path(report["kept"])) as rehearsed:
            scratch = Lab(Path(report["kept"]), rehearsed)
            for patient_id, outcome in outcomes.items():
                assert migrated[patient_id] == outcome
                rows = (
                    "select transcript_id, expression_fold_change::text, reason "
                    f"from {schema_name(patient_id)}.quarantined_expression order by 1"
                )
                assert scratch.query(rows) == lab.query(rows)
        sizes = lab.query(
            "select nspname, sum(pg_total_relation_size(pg_class.oid))::bigint from pg_class "
            "join pg_namespace on relnamespace = pg_namespace.oid where nspname ~ '^patient_' and relkind = 'r' "
            "group by 1 order by 2"
        )
        real = sum(size for _, size in sizes)
        predicted = report["prediction"]
        seconds = lab.query("select extract(epoch from finished_at - started_at)::float8 from migration.run")[-1][0]
        kept = sorted(each["stored"] + each["quarantined"] for each in migrated.values())
        print(f"\nrows {kept[0]} to {kept[-1]}; bytes {sizes[0][1]} to {sizes[-1][1]}")
        print(f"schemas {real}, predicted {predicted['schema_bytes']} ({predicted['schema_bytes'] / real - 1:+.1%})")
        print(f"seconds {seconds:.1f}, predicted {predicted['seconds']}; {report['movements']}")
        assert predicted["patients"] == 41 and abs(predicted["schema_bytes"] / real - 1) < 0.15
