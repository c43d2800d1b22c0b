"""The sandbox: what it makes, from what, and that it never drops what it did not make."""

import gzip
import json
import math
import shutil
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from psycopg import sql

from orchestrator.cli.main import main
from orchestrator.errors import LockedError, RefusedError, UsageError
from orchestrator.postgres.connection import Connection, Servers, connect, servers
from orchestrator.sandbox import FromFiles, Generated, Removed, SandboxSpec, Step, down, generated, up
from orchestrator.sandbox import databases as sandbox_databases
from orchestrator.sandbox.patient_files import read_fold_changes
from orchestrator.settings import Settings

PREFIX = "mediabase_patient_"
PATIENTS = [
    "DEMO_BAD_VALUES",
    "DEMO_BASELINE",
    "DEMO_CRC_MSI",
    "DEMO_HER2",
    "DEMO_LUAD_EGFR",
    "DEMO_TNBC",
]
WITH_SIGNATURE = [name for name in PATIENTS if name not in ("DEMO_BAD_VALUES", "DEMO_BASELINE")]

COLUMNS = """
    transcript_id gene_symbol gene_id gene_type chromosome coordinates product_type go_terms pathways drugs
    expression_fold_change features molecular_functions cellular_location drug_scores alt_transcript_ids
    alt_gene_ids uniprot_ids ncbi_ids refseq_ids source_references pdb_ids evidence_quality_metrics
"""

INDEXES = """
    cancer_transcript_base_pkey idx_gene_symbol idx_gene_id idx_transcript_gene_symbol
    idx_transcript_gene_type idx_transcript_chromosome idx_product_type idx_pathways idx_drugs idx_features
    idx_molecular_functions idx_cellular_location idx_alt_transcript_ids idx_alt_gene_ids idx_uniprot_ids
    idx_ncbi_ids idx_refseq_ids idx_source_references idx_cross_ref_ids idx_evidence_quality_metrics
"""

CORE_TABLES = """
    genes transcripts cancer_transcript_base opentargets_known_drugs gene_pathways transcript_go_terms
    gene_annotations gene_drug_interactions gene_publications gene_cross_references schema_version
"""

DISAGREEMENTS = """
    select count(*)
    from cancer_transcript_base
    full join transcripts using (transcript_id)
    where cancer_transcript_base.expression_fold_change is distinct from transcripts.expression_fold_change
        or cancer_transcript_base.transcript_id is null or transcripts.transcript_id is null
"""

CONTENT_DIGEST = "716cbbf44da9ddde30d06d300833d6bebe6882e67d621bb3fd4bbb557a96499c"
"""Of everything that 600 transcripts and the default seed give; the same on every machine."""


def query(connection: Connection, text: str) -> list[tuple[object, ...]]:
    """Return the rows of a statement."""
    return connection.execute(text.encode()).fetchall()


def patient(where: Servers, patient_id: str) -> Connection:
    """Return a session in a patient's legacy database."""
    return connect(where.legacy, dbname=PREFIX + patient_id, autocommit=True)


def databases(where: Servers) -> list[str]:
    """Return the databases under a sandbox's names."""
    with connect(where.legacy, dbname="postgres", autocommit=True) as connection:
        rows = query(connection, "select datname from pg_database where datname = 'mbase' or datname ~ '^mediabase_'")
    return sorted(str(name) for (name,) in rows)


def bits(value: object) -> bytes | None:
    """Return the eight bytes of a double, which tell NaN from NaN and 0 from -0."""
    return None if value is None else struct.pack(">d", value)


# ---- the generated sandbox ----


def test_wide_table_has_the_columns_and_indexes_of_v050(sandbox: Servers) -> None:
    """23 columns in order, 20 indexes."""
    with patient(sandbox, "DEMO_HER2") as connection:
        columns = query(
            connection,
            "select column_name from information_schema.columns where table_name = 'cancer_transcript_base' "
            "and table_schema = 'public' order by ordinal_position",
        )
        indexes = query(connection, "select indexname from pg_indexes where tablename = 'cancer_transcript_base'")
    assert [name for (name,) in columns] == COLUMNS.split()
    assert {name for (name,) in indexes} == set(INDEXES.split())
    assert len(indexes) == 20


def test_every_core_table_has_rows(sandbox: Servers) -> None:
    """Each of the eleven tables, and the baseline everywhere."""
    with connect(sandbox.target, autocommit=True) as connection:
        for table in CORE_TABLES.split():
            count = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
            (rows,) = connection.execute(count).fetchone() or (0,)
            assert rows, table
        assert query(connection, "select version_name from schema_version") == [("v0.5.0",)]
        assert query(
            connection,
            "select count(*), min(expression_fold_change), max(expression_fold_change) from transcripts",
        ) == [(600, 1.0, 1.0)]


def test_wide_table_carries_what_is_known_of_a_gene(sandbox: Servers) -> None:
    """Lists and objects of ERBB2 come from the normalized tables."""
    with connect(sandbox.target, autocommit=True) as connection:
        ((gene_id, pathways, go_terms, drugs, coordinates, uniprot, ncbi, refseq, pdb, location),) = query(
            connection,
            "select gene_id, pathways, go_terms, drugs, coordinates, uniprot_ids, ncbi_ids, refseq_ids, "
            "pdb_ids, cellular_location from cancer_transcript_base where transcript_id = 'ENST00000269571'",
        )
    assert gene_id == "ENSG00000141736"
    assert pathways == [
        "PI3K/AKT Signaling in Cancer [Reactome:R-HSA-2219528]",
        "Signaling by ERBB2 [Reactome:R-HSA-1227986]",
    ]
    assert isinstance(go_terms, dict)
    assert go_terms["GO:0005886"] == {
        "term": "plasma membrane",
        "evidence": "IDA",
        "aspect": "cellular_component",
    }
    assert isinstance(drugs, dict)
    assert drugs["trastuzumab"]["drug_id"] == "CHEMBL1201585"
    assert coordinates == {"start": 39687914, "end": 39730426, "strand": 1}
    assert (uniprot, ncbi, refseq, pdb) == (["P04626"], ["2064"], ["NM_004448"], ["1N8Z"])
    assert location == ["plasma membrane"]


@pytest.mark.parametrize("patient_id", PATIENTS)
def test_both_surfaces_agree(sandbox: Servers, patient_id: str) -> None:
    """The wide table and `transcripts` have the same ids and values."""
    with patient(sandbox, patient_id) as connection:
        assert query(connection, DISAGREEMENTS) == [(0,)]


@pytest.mark.parametrize("patient_id", PATIENTS)
@pytest.mark.parametrize("table", ["transcripts", "cancer_transcript_base"])
def test_index_only_scans_are_possible(sandbox: Servers, patient_id: str, table: str) -> None:
    """Ids can be read from the index alone: every page is marked as visible to all."""
    explain = sql.SQL("explain (analyze) select transcript_id from {} order by transcript_id")
    with patient(sandbox, patient_id) as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(explain.format(sql.Identifier(table))).fetchall()
    assert any("Heap Fetches: 0" in str(line) for (line,) in plan)


@pytest.mark.parametrize("patient_id", WITH_SIGNATURE)
def test_patients_differ_from_the_baseline_in_about_a_tenth(sandbox: Servers, patient_id: str) -> None:
    """8 to 15 % of the transcripts, all with values that can be stored."""
    with patient(sandbox, patient_id) as connection:
        ((share, lowest),) = query(
            connection,
            "select avg((expression_fold_change <> 1.0)::int)::float8, min(expression_fold_change) "
            "from cancer_transcript_base",
        )
    assert isinstance(share, float) and 0.08 <= share <= 0.15
    assert isinstance(lowest, float) and lowest > 0


def test_signatures_hold(sandbox: Servers) -> None:
    """Each demo patient shows the biology in its name."""
    with patient(sandbox, "DEMO_HER2") as her2, patient(sandbox, "DEMO_CRC_MSI") as msi:
        her2_values = dict(query(her2, "select gene_symbol, expression_fold_change from cancer_transcript_base"))
        msi_values = dict(query(msi, "select gene_symbol, expression_fold_change from cancer_transcript_base"))
    assert her2_values["ERBB2"] > 10 and her2_values["GRB7"] > 4 and her2_values["ESR1"] < 0.3
    assert msi_values["MLH1"] < 0.2 and msi_values["CD8A"] > 3 and msi_values["ERBB2"] == 1.0


def test_baseline_patient_has_nothing_but_the_baseline(sandbox: Servers) -> None:
    """DEMO_BASELINE is all 1.0."""
    with patient(sandbox, "DEMO_BASELINE") as connection:
        assert query(
            connection,
            "select count(*) from cancer_transcript_base where expression_fold_change is distinct from 1.0",
        ) == [(0,)]


@pytest.mark.parametrize(
    "condition",
    [
        "expression_fold_change is null",
        "expression_fold_change = 'NaN'",
        "expression_fold_change = 'Infinity'",
        "expression_fold_change = '-Infinity'",
        "expression_fold_change = 0",
        "expression_fold_change < 0 and expression_fold_change > '-Infinity'",
        "transcript_id = 'ENST00000269571.8' and expression_fold_change = 12.5",
        "gene_id = 'LEGACY_UNKNOWN' and expression_fold_change = 1",
        "gene_id = 'LEGACY_UNKNOWN' and expression_fold_change = 2.5",
        "expression_fold_change > 1.1 and expression_fold_change < 10",
    ],
)
def test_each_kind_of_bad_value_is_there(sandbox: Servers, condition: str) -> None:
    """DEMO_BAD_VALUES has what is seen in the wild, beside good values."""
    with patient(sandbox, "DEMO_BAD_VALUES") as connection:
        ((rows,),) = query(connection, f"select count(*) from cancer_transcript_base where {condition}")
    assert rows


def test_same_seed_gives_the_same_values_everywhere(sandbox: Servers) -> None:
    """All that is generated has a known digest, and is what the databases hold."""
    content = generated.content(Generated(transcripts=600))
    patients = [(each.patient_id, list(each.fold_changes())) for each in content.patients]
    assert sha256(repr((content.core, patients)).encode()).hexdigest() == CONTENT_DIGEST
    wanted = dict(patients)["DEMO_TNBC"]
    with patient(sandbox, "DEMO_TNBC") as connection:
        stored = query(
            connection,
            "select transcript_id, expression_fold_change from transcripts where expression_fold_change <> 1.0",
        )
    assert sorted(stored) == sorted(wanted)


def test_another_seed_gives_other_values() -> None:
    """The seed matters, for each patient with a signature."""
    first, second = (generated.content(Generated(seed, 600)).patients for seed in (1, 2))
    for one, other in zip(first[:4], second[:4], strict=True):
        assert one.fold_changes() != other.fold_changes()


# ---- files ----

CORE = {
    "core_genes": """\
gene_id,gene_symbol,gene_type,chromosome,start_position,end_position,strand,entrez_ids,is_primary_chromosome,description
G1,ONE,protein_coding,1,1,100,1,11|12,1,first gene
G2,,lncRNA,CHR_HSCHR6_MHC_COX_CTG1,5,50,-1,,0,{long}
""".format(long="long name " * 30),
    "core_transcripts": """\
transcript_id,gene_id,transcript_version,protein_id,is_mane_select,is_mane_plus_clinical,mane_refseq,is_representative
T1,G1,1,P1,1,0,NM_1.1,1
T2,G1,,,0,0,,0
T3,G2,,,0,0,,1
""",
    "gene_go": """\
gene_id,go_id,go_term,go_category,evidence_code
G1,GO:1,kinase,molecular_function,TAS
G1,GO:1,kinase,molecular_function,IDA
G1,GO:2,nucleus,cellular_component,IEA
""",
    "gene_pathways": """\
gene_id,gene_symbol,pathway_id,pathway_name,pathway_source
G1,ONE,R-1,"Second, with comma",Reactome
G1,ONE,H-1,First,Hallmark
G1,ONE,H-1,First again,Hallmark
""",
    "known_drugs": """\
molecule_chembl_id,molecule_name,target_symbol,target_gene_id,mechanism_of_action,action_type,clinical_phase,clinical_phase_label,is_approved,disease_area,indication,source
C2,drug,ONE,G1,,INHIBITOR,1.5,Phase 1/2,false,,,Hub
C1,drug,ONE,G1,,,4,Launched,true,,,Hub
,other,TWO,,,,,,false,,,Hub
""",
}

EXACT = [
    "0.1",
    "1.0000000000000002",
    "4.9e-324",
    "1.7976931348623157e308",
    "-0.0",
    "NaN",
    "-Infinity",
    "1e-05",
]


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """Return a folder with a core of three transcripts that has every trap."""
    folder = tmp_path / "core"
    folder.mkdir()
    for name, text in CORE.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Return a folder with one patient."""
    folder = tmp_path / "patients"
    folder.mkdir()
    orphans = "".join(f"X{number},{text}\n" for number, text in enumerate(EXACT))
    (folder / "P-1.csv").write_text(f"id,fold\nT1,2.5\nT2,\n{orphans}")
    return folder


@contextmanager
def temporary_server() -> Iterator[Servers]:
    """Start an embedded server in a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="mb-scratch-", dir="/tmp"))
    home.chmod(0o711)
    try:
        with servers(Settings(home=home, dsn=None, legacy_dsn=None)) as where:
            with connect(where.legacy, autocommit=True) as connection:
                connection.execute("alter system set fsync = off")
                connection.execute("select pg_reload_conf()")
            yield where
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Servers]:
    """Return a second server, for tests that remove sandboxes."""
    with temporary_server() as where:
        yield where


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for sessions that will not end."""
    monkeypatch.setattr(sandbox_databases, "PATIENCE_SECONDS", 0.2)


@pytest.fixture
def empty(scratch: Servers) -> Iterator[Servers]:
    """Return the second server without any sandbox, before and after."""
    yield scratch
    down(scratch)
    assert databases(scratch) == []


def from_files(core: Path, patients: Path, *, replace: bool = False, **limits: int) -> SandboxSpec:
    """Return a specification from the two folders."""
    return SandboxSpec(FromFiles(core, patients, **limits), replace)


def test_files_become_a_core_and_patients(empty: Servers, core: Path, patients: Path) -> None:
    """Duplicates: the first in sorted order; values: bit by bit; long names: cut."""
    facts = up(empty, from_files(core, patients))
    assert [(each.name, each.rows, each.not_at_baseline) for each in facts] == [
        ("mbase", 3, 0),
        ("mediabase_patient_P-1", 11, 10),
    ]
    with patient(empty, "P-1") as connection:
        assert query(connection, DISAGREEMENTS) == [(0,)]
        values = dict(query(connection, "select transcript_id, expression_fold_change from transcripts"))
        assert bits(values.pop("T2")) is None
        assert (values.pop("T1"), values.pop("T3")) == (2.5, 1.0)
        assert {id_: bits(value) for id_, value in values.items()} == {
            f"X{number}": bits(float(text)) for number, text in enumerate(EXACT)
        }
        ((pathways, go_terms, drugs, ncbi, refseq),) = query(
            connection,
            "select pathways, go_terms, drugs, ncbi_ids, refseq_ids from cancer_transcript_base "
            "where transcript_id = 'T1'",
        )
        assert query(connection, "select gene_symbol, length(gene_name) from genes where gene_id = 'G2'") == [("", 200)]
    assert pathways == ["First [Hallmark:H-1]", "Second, with comma [Reactome:R-1]"]
    assert isinstance(go_terms, dict) and go_terms["GO:1"]["evidence"] == "IDA"
    assert isinstance(drugs, dict) and drugs["drug"]["drug_id"] == "C1"
    assert (ncbi, refseq) == (["11", "12"], ["NM_1.1"])


def test_limits_keep_representative_transcripts(empty: Servers, core: Path, patients: Path) -> None:
    """T2 is not representative: it goes, and its row of the patient with it; orphans stay."""
    (patients / "P-2.csv").write_text("id,fold\nT1,2\n")
    facts = up(empty, from_files(core, patients, limit_transcripts=2, limit_patients=1))
    assert [(each.name, each.rows, each.not_at_baseline) for each in facts] == [
        ("mbase", 2, 0),
        ("mediabase_patient_P-1", 10, 9),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,fold\nT1,2\nT2,abc\n", "line 3: 'abc' is not a number"),
        ("id,fold\nT1,1_0\n", "line 2: '1_0' is not a double-precision number"),
        ("id,fold\nT1,1e999\n", "line 2: '1e999' is not a double-precision number"),
        ("id,fold\nT1,2\nT1,3\n", "line 3: transcript T1 is there twice"),
        ("id,fold\nT1\n", "line 2: 1 fields instead of 2"),
        ("id,fold\n,1\n", "line 2: '' is not an identifier"),
        ("id,fold,more\n", "line 1: 3 columns instead of 2"),
        ("", "line 1: the file is empty"),
        ('id,fold\nT1,"2\n', "unexpected end of data"),
    ],
)
def test_malformed_patients_are_named_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    """File, line, what."""
    path = tmp_path / "P-1.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"P-1\.csv, line \d+: ") as raised:
        read_fold_changes(path, frozenset())
    assert complaint in str(raised.value)


def test_infinite_and_missing_values_are_written_in_many_ways(tmp_path: Path) -> None:
    """Spellings of infinity, NaN and NULL that programs write."""
    path = tmp_path / "P-1.csv"
    path.write_text("id,fold\nA,inf\nB,-Inf\nC,INFINITY\nD,nan\nE,NA\nF, 2 \n")
    values = dict(read_fold_changes(path, frozenset()))
    assert math.isnan(values.pop("D") or 0)
    assert values == {"A": math.inf, "B": -math.inf, "C": math.inf, "E": None, "F": 2.0}


def test_wrong_input_is_noticed_before_anything_is_written(scratch: Servers, core: Path, patients: Path) -> None:
    """Missing folders and files, ids that are none, damaged files."""

    def complaint(spec: SandboxSpec) -> str:
        with pytest.raises(UsageError) as raised:
            up(scratch, spec)
        return str(raised.value)

    assert "is not a folder" in complaint(from_files(core / "none", patients))
    assert "is not a folder" in complaint(from_files(core, patients / "none"))
    assert "has no files" in complaint(from_files(core, core.parent))
    (patients / "bad id!.csv").write_text("id,fold\n")
    assert "'bad id!' is not a patient id" in complaint(from_files(core, patients))
    (patients / "bad id!.csv").unlink()
    (patients / "P-1.csv.gz").write_bytes(gzip.compress(b"id,fold\n"))
    assert "two files of one patient" in complaint(from_files(core, patients))
    (patients / "P-1.csv.gz").unlink()
    path = core / "core_genes.csv.gz"
    path.write_bytes(path.read_bytes()[:60])
    assert "core_genes.csv.gz, line 1: the compressed file is damaged" in complaint(from_files(core, patients))
    path.unlink()
    assert "core_genes.csv.gz does not exist" in complaint(from_files(core, patients))
    assert databases(scratch) == []


def test_real_files(empty: Servers, realdata: Path) -> None:
    """A slice of the real core, and a real patient value by value."""
    source = FromFiles(realdata, realdata / "patients", limit_transcripts=1_000, limit_patients=1)
    facts = up(empty, SandboxSpec(source))
    assert facts[0].rows == 1_000
    name = facts[1].name.removeprefix(PREFIX)
    with gzip.open(realdata / "patients" / f"{name}.csv.gz", "rt") as file:
        wanted = {id_: float(value) for id_, value in (line.strip().split(",") for line in list(file)[1:])}
    with patient(empty, name) as connection:
        stored = query(connection, "select transcript_id, expression_fold_change from cancer_transcript_base")
        assert query(connection, DISAGREEMENTS) == [(0,)]
    assert len(stored) == 1_000
    assert all(bits(value) == bits(wanted.get(str(id_), 1.0)) for id_, value in stored)


# ---- nothing that is not ours ----


@pytest.fixture
def foreign(scratch: Servers) -> Iterator[Connection]:
    """Return a session on the second server in which databases can be made; they are removed at the end."""
    with connect(scratch.legacy, dbname="postgres", autocommit=True) as connection:
        yield connection
        for name in databases(scratch):
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def make_foreign(where: Servers, admin: Connection, name: str) -> None:
    """Create a database that has a table, and no mark."""
    admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with connect(where.legacy, dbname=name, autocommit=True) as connection:
        connection.execute("create table precious (id int)")


@pytest.mark.parametrize("name", ["mbase", "mediabase_patient_P-1"])
def test_databases_of_others_are_refused(
    scratch: Servers, foreign: Connection, core: Path, patients: Path, name: str
) -> None:
    """Neither `up --replace` nor `down` touches what has no mark."""
    make_foreign(scratch, foreign, name)
    with pytest.raises(RefusedError, match=name):
        up(scratch, from_files(core, patients, replace=True))
    with pytest.raises(RefusedError, match=name):
        down(scratch)
    assert databases(scratch) == [name]
    with connect(scratch.legacy, dbname=name, autocommit=True) as connection:
        assert query(connection, "select count(*) from precious") == [(0,)]


def test_down_leaves_databases_of_others(scratch: Servers, foreign: Connection, core: Path, patients: Path) -> None:
    """A patient that is not the sandbox's stays; wildcards in names mean nothing."""
    make_foreign(scratch, foreign, "mediabase_patient_REAL")
    foreign.execute("create database mediabaseXpatientXother")
    up(scratch, from_files(core, patients))
    assert down(scratch) == Removed(("mediabase_patient_P-1", "mbase"), (), ("mediabase_patient_REAL",))
    assert query(foreign, "select count(*) from pg_database where datname ~ 'mediabasexpatientxother'") == [(1,)]
    foreign.execute("drop database mediabaseXpatientXother")


def test_an_empty_leftover_is_replaced(empty: Servers, core: Path, patients: Path) -> None:
    """An `up` that died right after its first statement leaves an empty, unmarked core."""
    with connect(empty.legacy, dbname="postgres", autocommit=True) as admin:
        admin.execute("create database mbase")
    assert up(empty, from_files(core, patients))[0].rows == 3


def test_a_half_dropped_database_is_removed(empty: Servers, core: Path, patients: Path) -> None:
    """An interrupted DROP leaves a database that can only be dropped."""
    up(empty, from_files(core, patients))
    with connect(empty.legacy, dbname="postgres", autocommit=True) as admin:
        admin.execute("update pg_database set datconnlimit = -2 where datname = 'mediabase_patient_P-1'")
    assert down(empty).databases == ("mediabase_patient_P-1", "mbase")


def test_two_servers(empty: Servers, core: Path, patients: Path) -> None:
    """The core on the target; patients, and the core they are copied from, on the legacy server."""
    with temporary_server() as other:
        where = Servers(target=other.target, legacy=empty.legacy)
        assert [each.rows for each in up(where, from_files(core, patients))] == [3, 11]
        assert (databases(other), databases(empty)) == (["mbase"], ["mbase", "mediabase_patient_P-1"])
        assert down(where).databases == ("mbase", "mediabase_patient_P-1", "mbase")
        assert databases(other) == databases(empty) == []


def test_a_target_under_another_name_is_refused(empty: Servers) -> None:
    """The other commands would look for the core elsewhere."""
    where = Servers(target=f"{empty.legacy} dbname=elsewhere", legacy=empty.legacy)
    with pytest.raises(UsageError, match="MEDIABASE_DSN names elsewhere"):
        up(where, SandboxSpec())


def test_replacing_must_be_asked_for(empty: Servers, core: Path, patients: Path) -> None:
    """A second `up` says what to do; with `replace` the old patients go."""
    up(empty, from_files(core, patients))
    (patients / "P-1.csv").rename(patients / "P-2.csv")
    with pytest.raises(UsageError, match=r"exists already.*--replace"):
        up(empty, from_files(core, patients))
    up(empty, from_files(core, patients, replace=True))
    assert databases(empty) == ["mbase", "mediabase_patient_P-2"]


def test_an_interrupted_up_can_be_replaced(empty: Servers, core: Path, patients: Path) -> None:
    """Whatever the step at which it was interrupted: each `up` finds what the one before left."""
    for last_step in ("tables", "wide table", "keys and indexes", "statistics", "P-1"):

        def interrupt(step: Step, last_step: str = last_step) -> None:
            if step.text.endswith(last_step) and not step.text.startswith("removing"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            up(empty, from_files(core, patients, replace=True), interrupt)
    assert [each.rows for each in up(empty, from_files(core, patients, replace=True))] == [3, 11]


def test_a_database_in_use_is_named(empty: Servers, core: Path, patients: Path) -> None:
    """An open session keeps everything as it is."""
    up(empty, from_files(core, patients))
    with patient(empty, "P-1"), pytest.raises(UsageError, match="mediabase_patient_P-1 is in use"):
        down(empty)
    assert databases(empty) == ["mbase", "mediabase_patient_P-1"]


def test_only_one_command_at_a_time(empty: Servers, core: Path, patients: Path) -> None:
    """A second one is told so."""

    def second(_step: Step) -> None:
        with pytest.raises(LockedError, match="Another sandbox command"):
            down(empty)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        up(empty, from_files(core, patients), second)


def test_reader_roles_of_moved_patients_go_too(empty: Servers, core: Path, patients: Path) -> None:
    """Roles of the schemas patient_* in the core, and no other."""
    up(empty, from_files(core, patients))
    with connect(empty.target, autocommit=True) as connection:
        connection.execute("create schema patient_p_1")
        connection.execute("create role reader_patient_p_1")
        connection.execute("create role reader_patient_other")
        connection.execute("grant usage on schema patient_p_1 to reader_patient_p_1")
    assert down(empty).roles == ("reader_patient_p_1",)
    with connect(empty.legacy, dbname="postgres", autocommit=True) as admin:
        assert query(admin, "select rolname from pg_roles where rolname ~ '^reader_'") == [("reader_patient_other",)]
        admin.execute("drop role reader_patient_other")


# ---- the command line ----


@pytest.fixture
def command(scratch: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `run` work on the second server."""
    monkeypatch.setenv("MEDIABASE_DSN", scratch.legacy.replace(" dbname=postgres", ""))
    monkeypatch.delenv("MEDIABASE_LEGACY_DSN", raising=False)


def run(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[object]) -> int:
    """Run `mediabase sandbox` in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["mediabase", "sandbox", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.usefixtures("command")
def test_command_line(
    core: Path, patients: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit codes, a table for people, JSON for machines, one sentence for what is wrong."""
    files = ("--core", core, "--patients", patients)
    assert run(monkeypatch, ["up", *files]) == 0
    shown = capsys.readouterr()
    assert "mediabase_patient_P-1" in shown.out and "mediabase migrate --all" in shown.out
    assert "5/5 mediabase_patient_P-1" in shown.err
    assert run(monkeypatch, ["up", *files]) == 2
    assert "A sandbox exists already (mbase, mediabase_patient_P-1)" in capsys.readouterr().err
    assert run(monkeypatch, ["up", "--replace", "--json", *files]) == 0
    facts = json.loads(capsys.readouterr().out)["databases"]
    assert [each["rows"] for each in facts] == [3, 11]
    assert run(monkeypatch, ["down", "--json"]) == 0
    removed = json.loads(capsys.readouterr().out)
    assert removed["databases"] == ["mediabase_patient_P-1", "mbase"]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["up", "--core", "x"], "--core and --patients go together"),
        (["up", "--limit-patients", "1"], "need --core and --patients"),
        (["up", "--core", "x", "--patients", "x", "--seed", "1"], "are for generated data"),
        (["up", "--core", "x", "--patients", "x"], "x is not a folder"),
        (["up", "--transcripts", "10"], "must be 200 to"),
    ],
)
def test_options_that_do_not_go_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Exit code 2 and one sentence."""
    assert run(monkeypatch, arguments) == 2
    assert complaint in capsys.readouterr().err
