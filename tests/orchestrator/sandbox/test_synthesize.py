"""`mediabase synthesize`: the same bytes everywhere, phenotypes that hold, and all files or none."""

import csv
import signal
import subprocess
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from helpers import MEDIABASE, Lab, clean_environment, complaint, eventually, inline
from psycopg.conninfo import make_conninfo

from orchestrator.errors import RefusedError
from orchestrator.migration.upload_manifest import read_uploads
from orchestrator.postgres.connection import connect
from orchestrator.sandbox.profiles import profiles
from orchestrator.sandbox.synthesize import Wanted, core_ids, sandbox_ids, synthesize
from orchestrator.uploads.layout import Asked

PROFILES = ("her2", "tnbc", "luad-egfr", "crc-msi", "hr-negative", "baseline")
ROWS = 600
"""As many as the laboratory's core has transcripts."""

DIGESTS = {
    "her2": "134fe46a132c1ae971f6a0055889d03782a6a61fec61db2156b3f55df6d39d22",
    "tnbc": "46edaa448a6424e048648c12ec9c92f13702f1e35eb31cb719130787b78fef45",
    "luad-egfr": "dafdeaf5bdd8d90a857f2e52bf56576a8c1a08a568ca89c60a23577c827f104f",
    "crc-msi": "5ba515712f083b074b7dfcaa5be41e98059823cd41ee7a475c9e31b5c4602526",
    "hr-negative": "2d51ce3ed476becfe22cba38e989b37d425e965d17670232f7bff2aed0893d70",
    "baseline": "6acb9b685ba11de555dea7242be5312e804c7407a47f3d56e93e8670fccf66ab",
}
"""sha256 of all files of two patients with 600 rows and seed 7; the same on every machine."""


def made(folder: Path, profile: str, *options: object) -> Path:
    """Make patients in a folder of their profile; return the manifest."""
    to = folder / profile
    done = inline("synthesize", "--profile", profile, "--to", to, "--patients", 2, "--genes", ROWS, *options)
    assert done.returncode == 0, done.stderr
    return to / "patients.csv"


def digest(folder: Path) -> str:
    """Return one sha256 of the names and bytes of a folder's files."""
    parts = [f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n" for path in sorted(folder.iterdir())]
    return sha256("".join(parts).encode()).hexdigest()


def values(path: Path) -> dict[str, float]:
    """Return the fold changes of a file by transcript id, each there once."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["transcript_id"]: float(row["expression_fold_change"]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, profile: str) -> None:
    """As written down here; whatever the number of patients; and another seed gives others."""
    manifest = made(tmp_path, profile, "--seed", 7)
    assert digest(manifest.parent) == DIGESTS[profile]
    file = f"SYN-{profile.upper()}-7-0002.csv"
    more = made(tmp_path / "more", profile, "--seed", 7, "--patients", 3)
    assert (more.parent / file).read_bytes() == (manifest.parent / file).read_bytes()
    other = made(tmp_path / "other", profile, "--seed", 8).parent / f"SYN-{profile.upper()}-8-0002.csv"
    assert (other.read_bytes() != (manifest.parent / file).read_bytes()) is (profile != "baseline")


def test_what_is_in_the_files(tmp_path: Path) -> None:
    """The signature first, whatever the number of rows; 9 to 14 % are not at the baseline, none of baseline."""
    assert tuple(profiles()) == PROFILES
    for name, profile in profiles().items():
        first, second = (values(path) for path in sorted(made(tmp_path, name).parent.glob("SYN-*.csv")))
        assert list(first) == list(second) and set(first) == set(sandbox_ids(ROWS))
        lines = list(zip(first.values(), profile.signature.values(), strict=False))
        assert len(lines) == len(profile.signature) and all(low <= value <= high for value, (low, high) in lines)
        changed = sum(value != 1.0 for value in first.values())
        assert (0.09 * ROWS - 1 <= changed <= 0.14 * ROWS) if profile.signature else changed == 0
        least = max(len(profile.signature), 1)
        few = made(tmp_path / "few", name, "--genes", least).parent / f"SYN-{name.upper()}-20250-0001.csv"
        assert values(few) == dict(list(first.items())[:least])


def test_the_phenotype_of_each_holds(lab: Lab, tmp_path: Path) -> None:
    """Imported by the manifests, validated, and judged by the product's own signatures; all of these are claimed."""
    texts = {name: made(tmp_path, name).read_text().splitlines() for name in PROFILES}
    lines = [line.replace(",", f",{name}/", 1) for name, text in texts.items() for line in text[1:]]
    manifest = tmp_path / "all.csv"
    manifest.write_text("\n".join([texts["her2"][0], *lines]) + "\n")
    results = lab.results("patient", "import", "--manifest", manifest)
    assert len(results) == 2 * len(PROFILES) and {each["result"] for each in results.values()} == {"migrated"}
    assert {each["quarantined"] for each in results.values()} == {0}
    assert lab.query("select distinct state from migration.patient") == [("validated",)]
    judged = lab.query("select patient_id, signature, verdict from cohort.patient_phenotypes where is_claimed")
    assert {verdict for _, _, verdict in judged} == {"concordant"}
    assert {(patient_id.rsplit("-", 2)[0], signature) for patient_id, signature, _ in judged} == {
        ("SYN-HER2", "her2_positive"), ("SYN-TNBC", "triple_negative"), ("SYN-TNBC", "hormone_receptor_negative"),
        ("SYN-LUAD-EGFR", "egfr_mutant_lung"), ("SYN-HR-NEGATIVE", "hormone_receptor_negative"),
    }  # fmt: skip
    assert len(judged) == 2 * 5
    assert {signature for _, signature, _ in judged} == {
        signature for (signature,) in lab.query("select signature from cohort.phenotype_claims")
    }
    assert lab.query("select cancer_type, cancer_subtype, tissue_type, sample_type "
                     "from patient_syn_crc_msi_20250_0002.metadata") == [
        ("Colorectal Cancer", "MSI-high", "Colon", "Synthetic")
    ]  # fmt: skip
    ((mlh1,),) = lab.query("select expression_fold_change from patient_syn_crc_msi_20250_0002.cancer_transcript_base "
                           "where gene_symbol = 'MLH1'")  # fmt: skip
    assert 0.02 <= mlh1 <= 0.1


def test_a_core_of_the_sandbox_gives_the_same_files(lab: Lab, tmp_path: Path) -> None:
    """With --core, which reads the ids; more rows than it has are refused."""
    command = ["synthesize", "--profile", "tnbc", "--core", "--patients", 2, "--to", tmp_path / "core", "--genes"]
    assert "has transcripts for 600 rows, not for 601" in complaint(lab.call(*command, ROWS + 1), 2)
    no_core = make_conninfo(lab.where.target, dbname="postgres")
    assert "postgres is not a MEDIABASE v0.5 core" in complaint(lab.call(*command, ROWS, MEDIABASE_DSN=no_core), 5)
    done = lab.call(*command, ROWS)
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "core") == digest(made(tmp_path, "tnbc").parent)


def test_transcripts_of_another_core(lab: Lab, tmp_path: Path) -> None:
    """No other isoform of a marker gene, which could speak against the signature; none of the signature may lack."""
    with connect(lab.where.target, dbname="mbase") as target:  # all of it is rolled back
        known = core_ids(target)
        target.execute("insert into transcripts (transcript_id, gene_id) select 'ENST' || gene_symbol, gene_id "
                       "from genes where gene_symbol in ('ESR1', 'SYN1')")  # fmt: skip
        assert core_ids(target) == [*known, "ENSTSYN1"]
        target.execute("delete from transcripts where transcript_id = 'ENST00000269571'")  # of ERBB2
        ids = core_ids(target)
        target.rollback()
    wanted = Wanted(profiles()["her2"], 1, 50, 1)
    with pytest.raises(RefusedError, match=r"lacks transcripts of the signature: ENST00000269571\."):
        synthesize(wanted, ids, tmp_path / "to", report=lambda _: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "said"), [
    (["--profile", "luad"], "no profile 'luad': take one of her2, tnbc, luad-egfr, crc-msi, hr-negative, baseline."),
    (["--patients", 0], "patients must be 1 to 10,000, not 0."),
    (["--patients", 10_001], "patients must be 1 to 10,000, not 10,001."),
    (["--genes", 12], "genes of her2 must be 13 to 300,000, not 12."),
    (["--genes", 300_001], "genes of her2 must be 13 to 300,000, not 300,001."),
    (["--profile", "baseline", "--genes", 0], "genes of baseline must be 1 to 300,000, not 0."),
    (["--seed", -1], "seed must be 0 to"),
    (["--seed", 2**63], "seed must be 0 to"),
    (["--to", "/proc/nowhere"], "/proc/nowhere cannot be written to"),
    (["--to", __file__], "test_synthesize.py cannot be written to"),
])  # fmt: skip
def test_what_cannot_be_made_is_one_sentence(tmp_path: Path, options: list[object], said: str) -> None:
    """Exit code 2, and no folder."""
    done = inline("synthesize", "--profile", "her2", "--to", tmp_path / "to", *options)
    assert said in complaint(done, 2)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_names_are_patient_ids(tmp_path: Path) -> None:
    """The longest profile with the highest seed, and the last of the patients."""
    wanted = Wanted(profiles()["hr-negative"], 10_000, 6, 2**63 - 1)
    manifest = synthesize(wanted, sandbox_ids(6), tmp_path, report=lambda _: None)
    uploads, _ = read_uploads(manifest, Asked(), "representative")
    assert len(uploads) == 10_000 and uploads[-1].patient_id == f"SYN-HR-NEGATIVE-{2**63 - 1}-10000"
    assert all(upload.path.is_file() for upload in uploads)


def test_files_that_are_there_are_replaced_only_when_asked(tmp_path: Path) -> None:
    """Also when only one of them is; others in the folder stay; a folder of such a name is not replaced."""
    manifest = made(tmp_path, "her2")
    first = manifest.with_name("SYN-HER2-20250-0001.csv")
    good = digest(manifest.parent)
    manifest.unlink()
    first.write_text("mine\n")
    command = ["synthesize", "--profile", "her2", "--genes", ROWS, "--patients", 2, "--to", manifest.parent]
    said = complaint(inline(*command), 2)
    assert "SYN-HER2-20250-0001.csv, SYN-HER2-20250-0002.csv already: pass --replace" in said
    assert first.read_text() == "mine\n" and not manifest.exists()
    assert inline(*command, "--replace").returncode == 0 and digest(manifest.parent) == good
    (manifest.parent / "other.csv").write_text("mine\n")
    first.unlink()
    first.mkdir()
    complaint(inline(*command, "--replace"), 2)
    assert first.is_dir() and (manifest.parent / "other.csv").read_text() == "mine\n"


def test_nothing_is_half_written(tmp_path: Path) -> None:
    """A file that finds no room: the files that are to be replaced are as they were, and nothing else is there."""
    before = digest(made(tmp_path, "her2").parent)
    command = [MEDIABASE, "synthesize", "--profile", "her2", "--patients", "2", "--genes", "20000",
               "--to", tmp_path / "her2", "--replace"]  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 100; exec "$0" "$@"', *map(str, command)],
        capture_output=True, text=True, env=clean_environment(),
    )  # fmt: skip
    assert "cannot be written to (File too large)" in complaint(done, 1)
    assert digest(tmp_path / "her2") == before


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """Of hundreds of patients, some written."""
    command = [MEDIABASE, "synthesize", "--profile", "tnbc", "--patients", "10000", "--to", tmp_path]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environment())
    try:
        eventually(lambda: len(list(tmp_path.glob(".unfinished-*/SYN-*.csv"))) > 2, "some files are written")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "1/10000 SYN-TNBC-20250-0001" in said.splitlines()
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_depend_on_the_number_of_patients(tmp_path: Path) -> None:
    """Nine times as many take no more than a few kilobytes for their names."""

    def peak(patients: int) -> int:
        wanted = Wanted(profiles()["her2"], patients, 5_000, patients)
        ids = sandbox_ids(5_000)
        tracemalloc.start()
        try:
            synthesize(wanted, ids, tmp_path / str(patients), report=lambda _: None)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is loaded once
    assert peak(36) < 1.1 * peak(4)
