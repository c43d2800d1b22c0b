"""docs/DATA_QUALITY.md says of every check what checks.toml says."""

import csv
import re

from helpers import CHECKOUT

from orchestrator.validation.checks import ALL

PAGE = (CHECKOUT / "docs" / "DATA_QUALITY.md").read_text()
THE_GUIDES = {"A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "C1", "C2", "C3", "D1", "D2", "D3", "E1", "E2", "F1"}


def test_every_check_has_its_row() -> None:
    """Id, name, claim, severity, data test and remedy, word for word; the guide's seventeen are all there."""
    rows = {
        cells[0]: cells for cells in (line.strip("| ").split(" | ") for line in PAGE.splitlines()) if len(cells) == 7
    }
    for check in ALL:
        remedy = check.remedy.replace("{patient}", "ID")
        id_, name, claim, severity, test, expectation, todo = rows[check.id]
        said = (id_, name, claim, severity, test, todo)
        assert said == (check.id, check.name, check.claim, check.severity, check.dbt_test, remedy)
        assert expectation
    assert {check.id for check in ALL} >= THE_GUIDES


def test_every_data_test_that_is_named_is_there() -> None:
    """`assert_...` is a file; a generic test is one of the project's or dbt's."""
    tests = {path.stem for path in (CHECKOUT / "tests").glob("*/*.sql")} | {"unique", "not_null"}
    for check in ALL:
        for name in re.findall(r"assert_\w+|\b(?:not_baseline|transcript_in_core|positive_finite|row_count_matches)\b",
                               check.dbt_test):  # fmt: skip
            assert name in tests, (check.id, name)
        assert re.search(r"assert_|_|unique|every test", check.dbt_test)


def test_every_seed_is_described() -> None:
    """The page names each file that a biologist may change."""
    seeds = {path.name for path in (CHECKOUT / "seeds").glob("*.csv")}
    assert seeds == set(re.findall(r"`(\w+\.csv)`", PAGE))


def test_signatures_refer_to_each_other() -> None:
    """Every signature has a claim, every level a panel; a typing error would silently judge nothing."""

    def column(seed: str, name: str) -> set[str]:
        with (CHECKOUT / "seeds" / f"{seed}.csv").open(newline="") as file:
            return {row[name] for row in csv.DictReader(file)}

    assert column("phenotype_signatures", "signature") == column("phenotype_claims", "signature")
    assert column("biomarker_levels", "check_id") == column("biomarker_panels", "check_id") - {"E1"}
    assert column("biomarker_levels", "gene_symbol") - {"*"} <= column("biomarker_panels", "gene_symbol")
