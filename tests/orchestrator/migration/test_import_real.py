"""`mediabase patient import` of real files: all that were published, and all prepared ones."""

import csv
import gzip
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Lab
from real_data import real_lab

from orchestrator.migration.upload import Upload

RAW = {
    "DE-LUAD-GSE282617": (29_272, 26_419, {"unmatched": 2_853}),
    "DE-PRAD-GDCRNATools": (15_509, 15_446, {"unmatched": 63}),
    "DE-PREECLAMPSIA-isoformic": (21_637, 21_570, {"unmatched": 67}),
    "DE-TCGA-LUAD": (26_775, 26_703, {"unmatched": 72}),
    "MAC-diku-1-IFNg_naive_ratio_versionedENST": (
        205_870, 76_984, {"unmatched": 3_793, "nan": 93_754, "infinite": 15_652, "not_positive": 15_687},
    ),
    "TCGA-3X-AAV9-01A_naive_ratio_symbol_entrez": (
        20_531, 16_100, {"unmatched": 648, "duplicate": 19, "nan": 2_082, "infinite": 1_469, "not_positive": 213},
    ),
    "BAD-airway-no-gene-id": "has no column with ids",
    "TCGA-67-6216-01A_FPKM-UQ_versionedENSG_PAR": "has expression levels (FPKM_UQ), not fold changes",
}  # fmt: skip
"""Of each published file: rows, rows stored or at 1.0, and the others by reason; or why it is refused. The data's own
README counts the unmatched of the first and fourth; of the fifth and sixth it counts bad values, unmatched rows among
them."""


def upload(path: Path, patient_id: str) -> Upload:
    """Return a file as the source of a patient."""
    return Upload(path.name, patient_id, path)


@pytest.fixture(scope="module")
def real(realdata: Path) -> Iterator[Lab]:
    """Return a laboratory with the whole real core."""
    with real_lab(realdata, {"TCGA-AQ-A0Y5-01A": realdata / "patients" / "TCGA-AQ-A0Y5-01A.csv.gz"}, None) as lab:
        yield lab


def test_published_files(real: Lab, realdata: Path) -> None:
    """Each imports with every row accounted for, or is refused with the sentence that a biologist needs."""
    uploads = [upload(realdata / "raw" / f"{name}.csv.gz", f"RAW-{n}") for n, name in enumerate(RAW)]
    done = real.bring_in(*uploads)
    for number, (name, expected) in enumerate(RAW.items()):
        found = done[f"RAW-{number}"]
        if isinstance(expected, str):
            assert found.result == "failed" and expected in found.message, name
            continue
        rows, good, reasons = expected
        assert found.result == "migrated" and found.legacy_rows == rows, (name, found)
        assert found.stored + found.baseline == good and found.reasons == reasons, (name, found)
        assert rows == good + sum(reasons.values())
    values = dict(real.query(
        "select gene_symbol, expression_data.expression_fold_change from patient_raw_3.expression_data "
        "inner join public.transcripts using (transcript_id) inner join public.genes using (gene_id) "
        "where gene_symbol in ('FAM83A', 'SFTPC')"
    ))  # fmt: skip
    assert round(values["FAM83A"]) == 111 and round(values["SFTPC"], 3) == 0.037


def test_prepared_patients(real: Lab, realdata: Path) -> None:
    """All forty: every value is that of the file, bit for bit, and no row is beside."""
    paths = sorted((realdata / "patients").glob("*.csv.gz"))
    assert len(paths) == 40
    done = real.bring_in(*(upload(path, path.name.removesuffix(".csv.gz")) for path in paths))
    for path in paths:
        patient_id = path.name.removesuffix(".csv.gz")
        with gzip.open(path, "rt", newline="") as file:
            values = {name: float(text) for name, text in list(csv.reader(file))[1:]}
        found = done[patient_id]
        assert (found.result, found.legacy_rows, found.quarantined) == ("migrated", len(values), 0), found
        stored = {name: value for name, value in values.items() if value != 1.0}
        schema = f"patient_{patient_id.lower().replace('-', '_')}"
        assert dict(real.query(f"select transcript_id, expression_fold_change from {schema}.expression_data")) == stored
        assert all(math.isfinite(value) for value in stored.values())
