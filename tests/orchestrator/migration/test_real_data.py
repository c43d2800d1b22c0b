"""Real patients, and tables as they are published: value by value."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers import Lab, mediabase, running_server, temporary_home
from real_data import AS_PUBLISHED, NAIVE, SYMBOL_ENTREZ, VERSIONED, fitted, folder, kind, read, real_lab

FOUR = ("MAC-eiwy-1-IFNg", "DE-LUAD-GSE282617", "TCGA-3X-AAV9-01A", "TCGA-B6-A0WY-01A")
MANY = (
    *FOUR, "GEUV-ERR188021", "MAC-diku-1-IFNg-SL1344", "TCGA-67-6216-01A", "TCGA-A7-A13D-01A",
    "TCGA-AQ-A0Y5-01A",
    "TCGA-BR-8483-01A", "TCGA-FA-8693-01A", "TCGA-V3-A9ZY-01A",
)  # fmt: skip


def check_real_tables(realdata: Path, others: Sequence[str], limit: int | None) -> None:
    """Migrate the tables of naive ratios, whose rows must be where the raw files say, and other real
    patients.
    """
    tables = {VERSIONED: fitted(realdata, VERSIONED), SYMBOL_ENTREZ: fitted(realdata, SYMBOL_ENTREZ)}
    files: dict[str, Path | dict[str, str]] = {NAIVE[name]: values for name, values in tables.items()}
    files |= {each: realdata / "patients" / f"{each}.csv.gz" for each in others}
    everything = {row["transcript_id"] for row in read(realdata / "core_transcripts.csv.gz")}
    with real_lab(realdata, files, limit) as lab:
        core = {id_ for (id_,) in lab.query("select transcript_id from transcripts")}
        outcomes = lab.results("migrate", "--all", code=3)
        for patient_id in others:
            outcome = outcomes[patient_id]
            assert outcome["result"] == "migrated" and outcome["stored"] > 500 and not outcome["quarantined"]
            assert outcome["legacy_rows"] == len(core) and not outcome["missing"]
        for name, values in tables.items():
            # The sandbox leaves out a patient's rows for transcripts that its limit leaves out of the core.
            kept = {id_: text for id_, text in values.items() if id_ in core or id_ not in everything}
            wanted: dict[str, str] = {}
            for id_, text in kept.items():
                became = kind(text)
                wanted[id_] = "orphan" if became in ("stored", "baseline") and id_ not in core else became
            counts = Counter(wanted.values())
            outcome = outcomes[NAIVE[name]]
            reasons = {reason: n for reason, n in counts.items() if reason not in ("stored", "baseline")}
            assert outcome["reasons"] == reasons
            assert min(reasons[reason] for reason in ("nan", "infinite", "not_positive", "orphan")) > 0
            if limit is None:
                assert {reason: reasons[reason] for reason in ("nan", "infinite", "not_positive")} == {
                    reason: n for reason, n in AS_PUBLISHED[name].items() if reason != "all"
                }
            assert outcome["stored"] == counts["stored"]
            assert outcome["quarantined"] == sum(reasons.values())
            schema = "patient_" + NAIVE[name].lower().replace("-", "_").replace(".", "_")
            rows = lab.query(
                f"select transcript_id, reason, expression_fold_change from {schema}.quarantined_expression"
            )
            assert {id_: reason for id_, reason, _ in rows} == {
                id_: became for id_, became in wanted.items() if became not in ("stored", "baseline")
            }
            for id_, _, value in rows:
                assert repr(value) == repr(float(kept[id_])), id_
        lab.verify()
        found = lab.listing("parity", "--all", "--jobs", "2", code=3)
        assert len(found) == len(files) and all(each["result"] == "same" for each in found), found


def test_real_patients_and_naive_ratios_on_a_part_of_the_core(realdata: Path) -> None:
    """Four patients as they are: transcript-level and gene-level, sparse and full. Two tables with what is
    wrong.
    """
    check_real_tables(realdata, FOUR, 12_000)


@pytest.mark.acceptance
def test_naive_ratios_at_full_size(realdata: Path) -> None:
    """All 95,857 NaN, 15,938 infinities and 15,957 zeroes of one file, and those of the other."""
    check_real_tables(realdata, (), None)


@pytest.mark.acceptance
def test_twelve_real_patients_at_full_size(realdata: Path) -> None:
    """274,578 transcripts each, through the command line: 0 differences; and a second run finds nothing to
    do.
    """
    files: dict[str, Path | dict[str, str]] = {each: realdata / "patients" / f"{each}.csv.gz" for each in MANY}
    with folder(files) as patients, temporary_home() as home:
        up = mediabase(
            "sandbox",
            "up",
            "--core",
            realdata,
            "--patients",
            patients,
            MEDIABASE_HOME=str(home),
            timeout=1200,
        )
        assert up.returncode == 0, up.stderr
        done = mediabase("migrate", "--all", "--jobs", 2, MEDIABASE_HOME=str(home), timeout=1200)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(MANY)} patients: {len(MANY)} migrated" in done.stdout

        with running_server(home) as where:
            Lab(home, where).verify()
        again = mediabase("migrate", "--all", MEDIABASE_HOME=str(home), timeout=1200)
        assert again.returncode == 0 and f"{len(MANY)} unchanged" in again.stdout
