"""`mediabase query custom-objects`: what was added to a legacy database is found, and reads the patient in v0.6.0."""

import json
from typing import Any

import pytest
from helpers import PREFIX, Lab, complaint, mediabase, running_server, temporary_home, whole
from other_server import OtherServer
from psycopg import sql

from orchestrator import journal
from orchestrator.postgres.connection import connect
from orchestrator.queries.context import Context, Patient
from orchestrator.queries.custom_bodies import migrate_body

DEFINER = """
    create function reports.count_high(threshold double precision default 2.0) returns bigint language plpgsql stable
    security definer set search_path = public set work_mem = '8MB' as $$
    declare
        -- public.cancer_transcript_base as it was
        found public.cancer_transcript_base%rowtype;
        n bigint := 0;
    begin
        for found in select * from "public" . cancer_transcript_base loop
            n := n + (found.expression_fold_change > threshold)::int;
        end loop;
        return n;
    end
    $$
"""
OBJECTS = {
    "public.high": "create view high as select transcript_id, gene_symbol, expression_fold_change "
    "from cancer_transcript_base where expression_fold_change > 2",
    "public.high_genes": "create view high_genes with (security_barrier = on) as "
    "select gene_symbol, count(*) as n, max(expression_fold_change) from high group by gene_symbol",
    "public.by_chromosome": "create materialized view by_chromosome as "
    "select chromosome, count(*), max(expression_fold_change) from cancer_transcript_base group by chromosome",
    'reports."Mixed ""Case"""': 'create view reports."Mixed ""Case""" as select "T".transcript_id as "Transcript Id", '
    '"T".expression_fold_change as "FC" from public.cancer_transcript_base as "T" where expression_fold_change <> 1',
    "reports.two": 'create view reports.two as select count(*), max("FC") from reports."Mixed ""Case"""',
    "public.fold(text)": "create function fold(id text) returns double precision language sql stable as "
    "'select expression_fold_change from cancer_transcript_base where transcript_id = id'",
    "reports.count_high(double precision)": DEFINER,
    "public.by_function": "create view by_function as select transcript_id, fold(transcript_id) from transcripts "
    "where fold(transcript_id) <> 1",
    "public.column_max(text)": "create function column_max(name text) returns text language plpgsql as $$ "
    "declare found text; begin execute format('select max(%I) from cancer_transcript_base', name) into found; "
    "return found; end $$",
    "public.lows()": "create function lows() returns bigint language sql "
    "begin atomic select count(*) from cancer_transcript_base where expression_fold_change < 0.5; end",
    "public.rows_above(double precision)": "create function rows_above(limit_ double precision) "
    "returns setof cancer_transcript_base language sql as "
    "'select * from public.cancer_transcript_base where expression_fold_change > limit_'",
    "public.count_into(bigint)": "create procedure count_into(inout n bigint) language plpgsql as "
    "$$ begin select count(*) into n from reports.\"Mixed \"\"Case\"\"\"; end $$",
    "public.gene_types": "create view gene_types as select gene_type, count(*) from genes group by gene_type",
}  # fmt: skip
"""By what the report calls them; all can be migrated."""
HOPELESS = {
    "public.column_min(text)": (
        "create function column_min(name text) returns text language plpgsql as $$ declare a text; "
        "begin execute 'select min(' || name || ') from public.cancer_transcript_base' into a; return a; end $$",
        "E107",
    ),
    "public.flatten()": (
        "create function flatten() returns void language sql as "
        "'update public.cancer_transcript_base set expression_fold_change = 1'", "E102",
    ),
    "public.of_hopeless": ("create view of_hopeless as select column_min('gene_id')", "needs public.column_min(text)"),
    "public.touch()": ("create function touch() returns trigger language plpgsql as 'begin return new; end'", "E103"),
    "touched on public.cancer_transcript_base": (
        "create trigger touched before update on cancer_transcript_base for each row execute function touch()", "E103"
    ),
    "kept on public.cancer_transcript_base": (
        "create rule kept as on delete to cancer_transcript_base do instead nothing", "E103"
    ),
    "public.narrow": ("create view narrow as select max(expression_fold_change) from transcripts", "E109"),
    "public.scores": ("create view scores as select transcript_id, drug_scores from cancer_transcript_base", "E101"),
    "public.listed": ("create table list (id text); create view listed as select * from list", "W104"),
    "public.metadata": ("create view metadata as select count(*) from genes", "of its own"),
    "reports.genes": ("create view reports.genes as select gene_id from public.genes", "hide public.genes"),
    "reports.high": ("create view reports.high as select 1", "public.high gets that name"),
    "public.md5(character varying)": (
        "create function md5(varchar) returns text language sql as 'select $1'", "PostgreSQL has a md5"
    ),
    "public.longest(text)": ("create aggregate longest(text) (sfunc = textcat, stype = text)", "an aggregate"),
    "public.raw(text)": (
        "create function raw(text) returns text language internal immutable as 'upper'", "its language is internal"
    ),
    "public.in_steps()": (
        "create procedure in_steps() language plpgsql as 'begin perform 1; commit; end'", "ends transactions"
    ),
    "public.of_list()": (
        "create function of_list() returns bigint language sql as 'select count(*) from list'", "42P01"
    ),
}  # fmt: skip
"""With how they are made, and what is said of them."""
COMMENTS = """
    comment on view high is 'Amplified, isn''t it?';
    comment on column high.gene_symbol is 'HGNC';
    comment on function fold(text) is 'One transcript''s';
    create unique index by_chromosome_key on by_chromosome (chromosome);
    create index by_chromosome_count on by_chromosome (count desc, lower(chromosome))
"""
QUERIES = (
    "select * from high", "select * from high_genes", "select * from by_chromosome", 'select * from "Mixed ""Case"""',
    "select * from two", "select * from by_function", "select * from gene_types", "select fold('ENST00000269571')",
    "select count_high(), count_high(0.5)", "select column_max('gene_symbol')", "select lows()",
    "call count_into(null)", "select transcript_id, gene_symbol, expression_fold_change from rows_above(3)",
)  # fmt: skip
"""Each object, asked for."""


@pytest.fixture
def patient(lab: Lab) -> str:
    """Return a patient that was moved, whose legacy database has all of the objects."""
    hopeless = [statement for statement, _ in HOPELESS.values()]
    statements = ["create schema reports", *OBJECTS.values(), COMMENTS]
    lab.add_patient("ONE", *statements, *hopeless)
    lab.migrate("ONE")
    return "ONE"


def objects(lab: Lab, *arguments: str, patient_id: str = "ONE", code: int = 1) -> dict[str, dict[str, Any]]:
    """Run the command; return what it says of each object."""
    done = lab.call("query", "custom-objects", "--patient", patient_id, *arguments, "--json")
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return {each["legacy_name"]: each for each in json.loads(done.stdout)["objects"]}


def results(lab: Lab, *arguments: str, patient_id: str = "ONE", code: int = 1) -> dict[str, str]:
    """Run the command; return what became of each object."""
    return {name: each["result"] for name, each in objects(lab, *arguments, patient_id=patient_id, code=code).items()}


def answers(lab: Lab, database: str, path: str, user: str = "mediabase") -> dict[str, list[str]]:
    """Return the rows of every query, those of each sorted."""
    return answers_of(f"{lab.where.target.replace('user=mediabase', f'user={user}')} dbname={database}", path)


def answers_of(dsn: str, path: str) -> dict[str, list[str]]:
    """Return the rows of every query in a database, those of each sorted."""
    with connect(dsn, autocommit=True) as session:
        session.execute(f"set search_path = {path}".encode())
        return {query: sorted(map(str, session.execute(query.encode()).fetchall())) for query in QUERIES}


def definitions(lab: Lab, schema: str = "patient_one") -> list[tuple[Any, ...]]:
    """Return all views and functions of a patient with their identity and definition, the product's view included."""
    return lab.query("select * from migration.patient_definitions(%s) order by name", parameters=[schema])


def test_all_are_found_and_nothing_is_written(lab: Lab, patient: str) -> None:
    """Without --apply: how each was found, what would become of it, and why not."""
    before = whole(lab, "mbase"), whole(lab, PREFIX + patient)
    found = objects(lab)
    assert {name: each["result"] for name, each in found.items()} == {
        **dict.fromkeys(OBJECTS, "created"),
        **dict.fromkeys(HOPELESS, "refused"),
        "public.of_list()": "created",  # its text is only looked at when it is made
    }
    for name, (_, reason) in HOPELESS.items():
        assert reason in "; ".join(found[name]["notes"]) or name == "public.of_list()", found[name]
        assert found[name]["statements"] == [] or name == "public.of_list()"
    how = {name: each["found"] for name, each in found.items()}
    assert how["public.high"] == how["public.lows()"] == "depends on cancer_transcript_base"
    assert how["public.high_genes"] == "through public.high"
    assert how["public.fold(text)"] == how["public.column_min(text)"] == "its text names cancer_transcript_base"
    assert how["public.by_function"] == "through public.fold(text)"
    assert how["public.count_into(bigint)"] == 'through reports."Mixed ""Case"""'
    assert how["touched on public.cancer_transcript_base"] == "of cancer_transcript_base"
    assert how["public.gene_types"] == "does not read the table"
    listed = lab.call("query", "custom-objects", "--patient", patient)
    assert listed.returncode == 1 and "would be created" in listed.stdout and "Nothing was written" in listed.stdout
    assert (whole(lab, "mbase"), whole(lab, PREFIX + patient)) == before


def test_each_says_what_it_said(lab: Lab, patient: str) -> None:
    """Made, each gives what it gave in the legacy database, to a reader, too; once more changes nothing."""
    found = objects(lab, "--apply")
    assert {name: each["result"] for name, each in found.items()} == {
        **dict.fromkeys(OBJECTS, "created"), **dict.fromkeys(HOPELESS, "refused"), "public.of_list()": "failed",
    }  # fmt: skip
    assert "42P01" in found["public.of_list()"]["notes"][0] and '"list"' in found["public.of_list()"]["notes"][0]
    wanted = answers(lab, PREFIX + patient, "public, reports")
    assert answers(lab, "mbase", "patient_one, public") == wanted
    assert all(len(rows) > 0 for rows in wanted.values()) and len(wanted["select * from high"]) > 10
    lab.execute("create role ward login in role reader_patient_one")
    try:
        assert answers(lab, "mbase", "patient_one, public", "ward") == wanted
    finally:
        lab.execute("drop role ward")
    made = definitions(lab)
    again = objects(lab, "--apply")
    assert {name for name, each in again.items() if each["result"] == "unchanged"} == set(OBJECTS)
    assert definitions(lab) == made and len(made) == len(OBJECTS) + 1
    assert results(lab) == {name: each["result"] for name, each in again.items()} | {"public.of_list()": "created"}


def test_rights_path_comments_and_indexes(lab: Lab, patient: str) -> None:
    """Readers of the patient and nobody else; rights are those of the caller; what was said of them is kept."""
    notes = objects(lab, "--apply")["reports.count_high(double precision)"]["notes"]
    assert any("SECURITY INVOKER" in note for note in notes)
    rights = "{mediabase=X/mediabase,reader_patient_one=X/mediabase}"
    assert lab.query(
        "select proname, prosecdef, proconfig, proacl::text from pg_proc "
        "where pronamespace = 'patient_one'::regnamespace and proname in ('count_high', 'fold', 'lows') order by 1"
    ) == [
        (name, False, ["search_path=patient_one, public", *more], rights)
        for name, more in (("count_high", ["work_mem=8MB"]), ("fold", []), ("lows", []))
    ]
    assert lab.query(
        "select relname, reloptions, relacl::text ~ 'reader_patient_one=r/', relacl::text ~ '[{,]=' from pg_class "
        "where oid in ('patient_one.high'::regclass, 'patient_one.high_genes'::regclass) order by 1"
    ) == [
        ("high", ["security_invoker=true"], True, False),
        ("high_genes", ["security_invoker=true", "security_barrier=true"], True, False),
    ]
    assert lab.query(
        "select obj_description('patient_one.high'::regclass), col_description('patient_one.high'::regclass, 2), "
        "obj_description('patient_one.fold(text)'::regprocedure)"
    ) == [("Amplified, isn't it?", "HGNC", "One transcript's")]
    indexes = "select indexname, indexdef from pg_indexes where tablename = 'by_chromosome' order by 1"
    old, new = lab.query(indexes, PREFIX + patient), lab.query(indexes)
    assert len(old) == 2 and new == [(name, text.replace("public.", "patient_one.")) for name, text in old]


def test_statements_are_those_that_run(lab: Lab, patient: str) -> None:
    """--sql is one transaction; run by hand, it makes what --apply makes."""
    lab.change(patient, "drop function of_list")
    script = lab.call("query", "custom-objects", "--patient", patient, "--sql").stdout
    assert "-- view public.narrow: refused" in script and script.endswith("\nCOMMIT;\n")
    with lab.session() as session:
        session.execute(script.removesuffix("COMMIT;\n").encode())
        rows = session.execute("select name, digest from migration.patient_definitions('patient_one') order by name")
        by_hand = rows.fetchall()
        session.execute("rollback")
    assert len(by_hand) == len(OBJECTS) + 1
    objects(lab, "--apply")
    assert [(name, digest) for name, _, digest in definitions(lab)] == by_hand
    lab.change(patient, "create or replace view high as select transcript_id, gene_symbol, expression_fold_change "
                        "from cancer_transcript_base where expression_fold_change > 3")  # fmt: skip
    again = lab.call("query", "custom-objects", "--patient", patient, "--sql").stdout
    lab.execute(again)
    assert again.count("CREATE ") == again.count("DROP ") == 2
    assert answers(lab, "mbase", "patient_one, public") == answers(lab, PREFIX + patient, "public, reports")
    done = results(lab, "--apply")
    assert done["public.high"] == "refused" and done["public.high_genes"] == "unchanged"  # one is somebody's now


def test_what_changed_in_the_legacy_database_is_made_anew(lab: Lab, patient: str) -> None:
    """With all that stands on it, and nothing else."""
    objects(lab, "--apply")
    before = {name: oid for name, oid, _ in definitions(lab)}
    lab.change(patient, "create or replace view high as select transcript_id, gene_symbol, expression_fold_change "
                        "from cancer_transcript_base where expression_fold_change > 3")  # fmt: skip
    wanted = {name for name, result in results(lab).items() if result == "replaced"}
    assert wanted == {"public.high", "public.high_genes"}
    assert {name for name, result in results(lab, "--apply").items() if result == "replaced"} == wanted
    after = {name: oid for name, oid, _ in definitions(lab)}
    assert {name for name in before if before[name] != after[name]} == {"high", "high_genes"}
    assert answers(lab, "mbase", "patient_one, public") == answers(lab, PREFIX + patient, "public, reports")
    lab.execute("create view public.theirs as select * from patient_one.high_genes")
    lab.change(patient, OBJECTS["public.high"].replace("create", "create or replace"))
    try:
        done = objects(lab, "--apply")
    finally:
        lab.execute("drop view public.theirs")
    assert done["public.high"]["result"] == "failed" and done["public.high_genes"]["result"] == "unchanged"
    assert "theirs depends on view high_genes" in done["public.high"]["notes"][0]
    assert {name: oid for name, oid, _ in definitions(lab)} == after


def test_what_somebody_made_stays(lab: Lab, patient: str) -> None:
    """Their own of that name, and one of ours that they changed: refused, with what needs it."""
    lab.execute("create view patient_one.high as select 'mine' as transcript_id, '' as gene_symbol")
    done = objects(lab, "--apply")
    assert done["public.high"]["result"] == "refused" and "did not make" in done["public.high"]["notes"][0]
    assert done["public.high_genes"]["notes"] == ["needs public.high"]
    assert lab.query("select transcript_id from patient_one.high") == [("mine",)]
    lab.execute(
        "create or replace view patient_one.gene_types as select ''::varchar(100) as gene_type, 7::bigint as count"
    )
    lab.change(patient, "create or replace view gene_types as select gene_type, 1::bigint as count from genes")
    assert objects(lab, "--apply")["public.gene_types"]["result"] == "refused"
    assert lab.query("select count from patient_one.gene_types") == [(7,)]


def test_rebuilt_validated_compared_and_the_core_rid_of_its_table(lab: Lab, patient: str) -> None:
    """They outlive a build, with the new values in them, and no check takes notice of them."""
    objects(lab, "--apply")
    made = definitions(lab)
    lab.change(patient, "update cancer_transcript_base set expression_fold_change = 99.5 where gene_symbol = 'TP53'; "
                        "update transcripts set expression_fold_change = 99.5 where gene_id in "
                        "(select gene_id from genes where gene_symbol = 'TP53')")  # fmt: skip
    assert lab.migrate(patient, force=True)[patient].result == "migrated"
    assert definitions(lab) == made
    stale = answers(lab, "mbase", "patient_one, public")
    assert any("99.5" in row for row in stale["select * from high"])
    assert stale == answers(lab, PREFIX + patient, "public, reports")
    for schema, database in (("public", PREFIX + patient), ("patient_one", "mbase")):
        lab.execute(f"refresh materialized view {schema}.by_chromosome", database)
    fresh = answers(lab, "mbase", "patient_one, public")
    assert fresh == answers(lab, PREFIX + patient, "public, reports")
    assert {query for query in QUERIES if fresh[query] != stale[query]} == {"select * from by_chromosome"}
    for command in (("validate", patient, "--deep"), ("parity", patient)):
        assert lab.call(*command).returncode == 0, command
    retired = lab.call("core", "retire-legacy-table", "--json")
    assert retired.returncode == 0 and json.loads(retired.stdout)["dependents"] == []
    assert answers(lab, "mbase", "patient_one, public") == answers(lab, PREFIX + patient, "public, reports")


def test_rolled_back(lab: Lab, patient: str) -> None:
    """What was made from the legacy database goes with the patient; what somebody made or changed does not."""
    objects(lab, "--apply")
    changes = {
        "gene_types": "or replace view {}.gene_types as select ''::varchar(100) as gene_type, 1::bigint as count",
        "fold(text)": "or replace function {}.fold(id text) returns double precision language sql return 1",
        "theirs(integer)": "function {}.theirs(int) returns int language sql return 1",
    }
    for name, change in changes.items():
        lab.execute(f"create {change.format('patient_one')}")
        done = lab.call("rollback", patient)
        assert done.returncode == 1 and name in done.stdout, done.stdout
    lab.execute("drop view patient_one.gene_types, patient_one.by_function; drop function patient_one.fold, "
                "patient_one.theirs")  # fmt: skip
    objects(lab, "--apply")
    before = whole(lab, PREFIX + patient)
    done = lab.call("rollback", patient, "--json")
    assert done.returncode == 0, done.stdout
    assert lab.schemas() == [] and whole(lab, PREFIX + patient) == before


def test_what_the_core_has_too(lab: Lab) -> None:
    """The same object in both is no custom one, unless it reads the table: in the core that is at baseline."""
    shared = (
        "create view shared_high as select transcript_id from cancer_transcript_base where expression_fold_change > 2",
        "create view shared_types as select distinct gene_type from genes",
        "create function other() returns int language sql return 1",
    )
    lab.execute("; ".join(shared))
    try:
        lab.add_patient("ONE", *shared[:2], "create function other() returns int language sql return 2")
        lab.migrate("ONE")
        assert results(lab, "--apply", code=0) == {"public.shared_high": "created", "public.other()": "created"}
        assert lab.query("select count(*) from public.shared_high") == [(0,)]
        rows = "select transcript_id from {}shared_high order by 1"
        assert lab.query(rows.format("patient_one.")) == lab.query(rows.format(""), PREFIX + "ONE") != []
        assert lab.query("select patient_one.other(), public.other()") == [(2, 1)]
    finally:
        lab.execute("drop view shared_high, shared_types; drop function other")


def test_rows_in_quarantine(lab: Lab) -> None:
    """NULL, NaN and unknown transcripts read as they did."""
    lab.add_patient("BAD", OBJECTS["public.high"], like="DEMO_BAD_VALUES")
    lab.migrate("BAD")
    assert results(lab, "--apply", patient_id="BAD", code=0) == {"public.high": "created"}
    query = "select transcript_id, expression_fold_change::text from {}.high order by 1"
    old, new = lab.query(query.format("public"), PREFIX + "BAD"), lab.query(query.format("patient_bad"))
    assert new == old and {"NaN", "Infinity"} <= {value for _, value in old}


def test_names_that_nobody_should_give(lab: Lab) -> None:
    """Quotes, line breaks and braces in names, bodies and comments stay what they are."""
    name = "a\nb; drop schema patient_one cascade; --\"'{}%s"
    quoted = sql.Identifier(name).as_string()
    lab.add_patient(
        "ONE",
        f"create view {quoted} as select transcript_id as {quoted} from cancer_transcript_base",
        f"comment on view {quoted} is $$it's {{x}} %s \\ $$",
        f"create function {quoted}(text default '$function${{}}%') returns text language sql as $_$ "
        "select $1 || '$function$ \\ {}%s' || (select max(gene_id) from cancer_transcript_base) $_$",
    )
    lab.migrate("ONE")
    script = lab.call("query", "custom-objects", "--patient", "ONE", "--sql").stdout
    lab.execute(script.replace("\nCOMMIT;", "\nROLLBACK;"))
    assert set(results(lab, "--apply", code=0).values()) == {"created"}
    assert lab.query(f"select count({quoted}) from patient_one.{quoted}".replace("%", "%%"), parameters=[]) == [(600,)]
    assert lab.query(f"select patient_one.{quoted}()") == lab.query(f"select {quoted}()", PREFIX + "ONE")
    assert set(results(lab, "--apply", code=0).values()) == {"unchanged"}


def test_a_legacy_server_of_another_version(debian: OtherServer) -> None:
    """PostgreSQL 15 spells definitions otherwise; what becomes of them says the same."""
    with temporary_home() as home, running_server(home) as where:
        settings = {"MEDIABASE_DSN": where.target, "MEDIABASE_LEGACY_DSN": "service=other_legacy", **debian.environment}
        lab = Lab(home, where)
        assert mediabase("sandbox", "up", "--replace", "--transcripts", 600, **settings).returncode == 0
        try:
            database = PREFIX + "DEMO_HER2"
            with connect(debian.dsn(database), autocommit=True) as legacy:
                for statement in ("create schema reports", *OBJECTS.values(), COMMENTS):
                    legacy.execute(statement.encode())
            moved = mediabase("migrate", "DEMO_HER2", **settings)
            assert moved.returncode == 0, moved.stderr
            done = mediabase("query", "custom-objects", "--patient", "DEMO_HER2", "--apply", **settings)
            assert done.returncode == 0, (done.stdout, done.stderr)
            wanted = answers_of(debian.dsn(database), "public, reports")
            assert answers(lab, "mbase", "patient_demo_her2, public") == wanted
        finally:
            mediabase("sandbox", "down", **settings)


def test_what_is_refused(lab: Lab) -> None:
    """Before any write, in one sentence."""
    command = ("query", "custom-objects", "--apply", "--patient")
    lab.add_patient("ONE", OBJECTS["public.high"])
    assert "is not a patient id" in complaint(lab.call(*command, "a/b"), 2)
    complaint(lab.call(*command, "ONE"), 5)
    lab.migrate("ONE")
    assert "NOBODY is not in v0.6.0" in complaint(lab.call(*command, "NOBODY"), 5)
    assert "--sql" in complaint(lab.call(*command, "ONE", "--sql"), 2)
    with journal.locked(lab.where.target):
        assert "Another operator" in complaint(lab.call(*command, "ONE"), 4)
    lab.execute("drop function migration.patient_definitions")
    assert "core upgrade" in complaint(lab.call(*command, "ONE"), 5)
    assert lab.call("core", "upgrade").returncode == 0
    lab.execute("update migration.patient set legacy_system = '1'")
    assert "another server" in complaint(lab.call(*command, "ONE"), 5)
    lab.execute("drop view patient_one.cancer_transcript_base")
    lab.execute("update migration.patient set legacy_system = null")
    assert "mediabase validate ONE" in complaint(lab.call(*command, "ONE"), 5)
    lab.drop_patient("ONE")
    assert "archive" in complaint(lab.call(*command, "ONE"), 5)
    assert lab.query("select count(*) from migration.run where command ~ 'custom'") == [(0,)]


CONTEXT = Context(
    patient=Patient("ONE", "patient_one", PREFIX + "ONE", 0),
    by_database={},
    database="mbase",
    tables={"genes": {"gene_id": "character varying"}, "transcripts": {"transcript_id": "character varying"}},
    has_all_genes=True,
)
MOVED = {("public", "cancer_transcript_base"), ("public", "high"), ("reports", "Odd One")}
BODIES = {
    "select 1 from public.cancer_transcript_base": "select 1 from patient_one.cancer_transcript_base",
    "select 1 from Public . HIGH -- public.high": "select 1 from patient_one . HIGH -- public.high",
    'select 1 from reports."Odd One", "public"."high"': 'select 1 from patient_one."Odd One", patient_one."high"',
    "select 1 from public.genes, other.high": "select 1 from public.genes, other.high",
    "begin raise notice 'cancer_transcript_base'; end": "begin raise notice 'cancer_transcript_base'; end",
    "begin execute $q$ select 1 from high $q$; end": "begin execute $q$ select 1 from high $q$; end",
    "select t.transcript_id from transcripts t join high on true": (
        "select t.transcript_id from transcripts t join high on true"
    ),
    "insert into elsewhere select 1 from public.high": "insert into elsewhere select 1 from patient_one.high",
    "begin select 1 into genes from high; end": "begin select 1 into genes from high; end",
}
"""What becomes of bodies."""
REFUSED_BODIES = {
    "update cancer_transcript_base set a = 1": ["E102"],
    "begin delete from only public.cancer_transcript_base; end": ["E102"],
    "insert into public.genes values ('x')": ["E102"],
    "begin truncate table genes; end": ["E102"],
    "begin execute 'update genes set gene_id = 1'; end": ["E102"],
    "begin execute 'select 1 from public.high'; end": ["E107"],
    'begin execute $q$ select 1 from "reports" . "Odd One" $q$; end': ["E107"],
    "begin execute format('select 1 from %I.%I', 'public', 'cancer_transcript_base'); end": ["E107"],
    "begin execute 'select 1 from public.' || quote_ident('high'); end": ["E107"],
    "begin execute 'select 1 from ' || 'public.' || 'high'; end": ["E107"],
    "begin perform set_config('search_path', 'public', true); end": ["E107"],
    "select expression_fold_change from transcripts": ["E109"],
    "select x.expression_fold_change from transcripts as x, cancer_transcript_base": ["E109"],
    "select features from cancer_transcript_base": ["E101"],
    "select 'cancer_transcript_base'::regclass": ["E108"],
    "select 'not closed": ["E111"],
}
"""The codes that bodies are refused with."""


@pytest.mark.parametrize("body", BODIES)
def test_a_body_reads_the_patient(body: str) -> None:
    """A schema in front of what was moved becomes the patient's, and nothing else is touched."""
    found = migrate_body(body, CONTEXT, MOVED)
    assert (found.text, found.refusals) == (BODIES[body], [])


@pytest.mark.parametrize("body", REFUSED_BODIES)
def test_a_body_that_would_not(body: str) -> None:
    """It would change something, or read what is not the patient's."""
    assert [text[:4] for text in migrate_body(body, CONTEXT, MOVED).refusals] == REFUSED_BODIES[body]


def test_a_body_that_reads_columns_anew() -> None:
    """As with queries, it is said."""
    notes = migrate_body("select *, drugs from cancer_transcript_base", CONTEXT, MOVED).notes
    assert [text[:4] for text in notes] == ["W101", "W102"]
