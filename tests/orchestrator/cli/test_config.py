"""Where each setting comes from, what is refused, and that no secret is shown."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import MEDIABASE, Lab, clean_environment, complaint, inline, mediabase
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.dsn import MASK, masked, may_hold_secret
from orchestrator.errors import UsageError
from orchestrator.settings import Settings, load

SECRET = "secret-word"
VALUES = {
    "dsn": ("host=by-flag", "host=by-variable", "host=by-file"),
    "legacy_dsn": ("service=flag", "service=variable", "service=file"),
    "api_dsn": ("host=api-flag", "host=api-variable", "host=api-file"),
    "home": ("/by/flag", "/by/variable", "/by/file"),
    "pg_bin": ("/bin/flag", "/bin/variable", "/bin/file"),
    "jobs": (4, 3, 2),
    "on_bad_rows": ("fail", "quarantine", "fail"),
    "log_format": ("text", "json", "text"),
}
"""Of each setting, what the flag, the variable and the file say."""
GLOBAL_FLAGS = ("dsn", "legacy_dsn", "home", "pg_bin", "log_format")


def plain(value: object) -> object:
    """Return a setting's value as it is written."""
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def config_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write mediabase.toml; return its path."""
    path = folder / "mediabase.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_every_setting_is_tested_here() -> None:
    """A new setting needs its row above."""
    assert set(VALUES) == set(Settings.model_fields)


@pytest.mark.parametrize("name", VALUES)
def test_flag_before_variable_before_file_before_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Each source in turn is taken away; what is in force, and where it is said to come from."""
    for each in VALUES:
        monkeypatch.delenv(f"MEDIABASE_{each.upper()}", raising=False)
    flag, variable, in_file = VALUES[name]
    path = config_file(tmp_path, f"{name} = {json.dumps(in_file)}\n")
    spelled = Path if name in ("home", "pg_bin") else type(flag)

    def expect(flags: dict[str, object], file: Path | None, value: object, origin: str | None) -> None:
        loaded = load(flags, file)
        assert plain(getattr(loaded.settings, name)) == (value if origin is None else spelled(value))  # type: ignore[arg-type]
        assert loaded.origins == ({name: origin} if origin else {})

    default = plain(getattr(Settings(), name))
    expect({}, None, default, None)
    expect({name: ""}, None, default, None)
    expect({}, path, in_file, f"mediabase.toml ({path})")
    monkeypatch.setenv(f"MEDIABASE_{name.upper()}", "")
    expect({name: None}, path, in_file, f"mediabase.toml ({path})")
    monkeypatch.setenv(f"MEDIABASE_{name.upper()}", str(variable))
    expect({}, path, variable, f"environment MEDIABASE_{name.upper()}")
    expect({name: flag}, path, flag, f"flag --{name.replace('_', '-')}")
    assert default not in VALUES[name] or name in ("on_bad_rows", "log_format")


@pytest.mark.parametrize("name", GLOBAL_FLAGS)
def test_config_show_says_where_each_value_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """By flags before the command, variables, and the file of the current folder or a named one."""
    monkeypatch.chdir(tmp_path)
    flag, variable, in_file = VALUES[name]
    option, key = f"--{name.replace('_', '-')}", f"MEDIABASE_{name.upper()}"

    def shown(*flags: object, **variables: str) -> dict[str, object]:
        done = inline(*flags, "config", "show", "--json", **variables)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)[name])

    assert shown()["source"] == "default"
    path = config_file(tmp_path, f"{name} = {json.dumps(in_file)}\n")
    assert shown() == {"value": in_file, "source": f"mediabase.toml ({path})"}
    assert shown(**{key: str(variable)}) == {"value": variable, "source": f"environment {key}"}
    assert shown(option, flag, **{key: str(variable)}) == {"value": flag, "source": f"flag {option}"}
    other = path.rename(tmp_path / "other.toml")
    assert shown()["source"] == "default"
    assert shown("--config", "other.toml") == {"value": in_file, "source": f"other.toml ({other})"}
    assert shown(MEDIABASE_CONFIG=str(other)) == {"value": in_file, "source": f"other.toml ({other})"}


def test_config_show_is_a_table_for_people() -> None:
    """Whole values, also those that Rich would take for markup."""
    done = inline("config", "show", MEDIABASE_DSN="postgresql://clerk@[::1]:5433/mbase")
    assert done.returncode == 0 and done.stderr == ""
    assert "postgresql://clerk@[::1]:5433/mbase" in done.stdout and "environment MEDIABASE_DSN" in done.stdout


def test_the_file_and_the_flags_reach_a_migration(lab: Lab, tmp_path: Path) -> None:
    """`jobs` and `on_bad_rows`, as the journal has them; options of `migrate` come first."""
    path = config_file(tmp_path, 'jobs = 2\non_bad_rows = "fail"\n')
    variables = {"MEDIABASE_CONFIG": str(path)}
    assert lab.run("migrate", "DEMO_BAD_VALUES", **variables).returncode == 1
    variables["MEDIABASE_JOBS"] = "3"
    flags = ["--on-bad-rows", "quarantine"]
    assert lab.run("migrate", "DEMO_BAD_VALUES", *flags, **variables).returncode == 3
    assert lab.run("migrate", "DEMO_BAD_VALUES", "--jobs", 1, **variables).returncode in (1, 3)
    assert lab.query(
        "select (options ->> 'jobs')::int, options ->> 'on_bad_rows' from migration.run order by run_id"
    ) == [(2, "fail"), (3, "quarantine"), (1, "fail")]


def test_the_home_of_the_file_is_used_and_counts_from_its_folder(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Wherever the command runs."""
    monkeypatch.chdir(tmp_path.parent)
    path = config_file(tmp_path, f'home = "{os.path.relpath(lab.home, tmp_path)}"\npg_bin = "~/bin"\n')
    relative = path.relative_to(Path.cwd())
    assert load({}, relative).settings.home.resolve() == lab.home
    assert load({}, relative).settings.pg_bin == Path.home() / "bin"
    upgraded = lab.call("core", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    done = inline("--config", relative, "status")
    assert done.returncode == 0, done.stderr


# ---- secrets ----

HOSTILE_STRINGS = [
    (f"host=db user=clerk password={SECRET}", ("db", "clerk")),
    (f"user=clerk  password = '{SECRET} and \\'more\\'' host='db'", ("db", "clerk")),
    (f"host=db\tpassword={SECRET}\nsslpassword={SECRET}", ("db",)),
    (f"service=main password={SECRET}", ("main",)),
    (f"postgresql://clerk:{SECRET}@db:5433/mbase?sslmode=require", ("db", "clerk", "5433", "require")),
    (f"postgres://clerk:p%40{SECRET}@db/mbase", ("db", "clerk")),
    (f"postgresql://clerk@db/mbase?password={SECRET}&sslpassword={SECRET}", ("db", "clerk")),
    (f"postgresql://clerk:{SECRET}@[::1],two:5433/mbase", ("::1", "two", "clerk")),
    (f"postgresql://clerk:{SECRET}#?x@db/mbase", ("db", "clerk")),
    (f"postgresql://clerk:p@{SECRET}@db/mbase", ()),
    (f"postgresql://clerk:p/{SECRET}@db/mbase", ()),
    (f"postgresql://cl@erk:{SECRET}@db/mbase", ()),
    (f"postgresql://clerk:{SECRET}", ()),
    (f"clerk:{SECRET}@db/mbase", ()),
    (f"host=db password=x {SECRET}", ()),
    (f"host=db password='{SECRET}", ()),
    (f"host=db passwort={SECRET}", ()),
    (f"dbname='postgresql://clerk:{SECRET}@db/mbase'", ()),
]


@pytest.mark.parametrize(("dsn", "readable"), HOSTILE_STRINGS)
def test_passwords_are_masked_and_the_rest_is_readable(dsn: str, readable: tuple[str, ...]) -> None:
    """In both forms, quoted or not; a string that cannot be trusted is masked whole. As table and as JSON."""
    assert may_hold_secret(dsn)
    for more in ([], ["--json"]):
        done = inline("config", "show", *more, MEDIABASE_DSN=dsn, MEDIABASE_LEGACY_DSN=dsn)
        assert done.returncode == 0
        assert SECRET not in done.stdout + done.stderr and MASK in done.stdout
        assert all(each in done.stdout for each in readable)
    if not readable:
        assert json.loads(done.stdout)["dsn"]["value"] == MASK


@pytest.mark.parametrize(
    "dsn", ["", "service=main", "host=/run/x user='a clerk'", "postgresql://clerk@db:1,b:2/mbase", "host=@socket"]
)
def test_a_string_without_a_password_is_shown_as_it_is(dsn: str) -> None:
    """Nothing to hide."""
    assert masked(dsn) == dsn and not may_hold_secret(dsn)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
)
def test_only_the_password_is_masked(password: str, user: str) -> None:
    """Whatever signs are in it, quoted as libpq wants it."""
    dsn = make_conninfo(user=user, password=password, host="db")
    assert conninfo_to_dict(masked(dsn)) == {"user": user, "password": MASK, "host": "db"}


@pytest.mark.parametrize("option", ["--dsn", "--legacy-dsn"])
@pytest.mark.parametrize("dsn", [dsn for dsn, _ in HOSTILE_STRINGS])
def test_a_flag_with_a_password_is_refused(option: str, dsn: str) -> None:
    """Other users see a command line; said with what to use instead."""
    done = inline(option, dsn, "status")
    said = complaint(done, 2)
    assert option in said and "password file" in said and f"MEDIABASE_{option[2:].replace('-', '_').upper()}" in said
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o777])
@pytest.mark.parametrize("key", ["dsn", "legacy_dsn", "api_dsn"])
def test_a_file_with_a_password_that_others_can_open_is_refused(tmp_path: Path, mode: int, key: str) -> None:
    """As libpq does with a password file; also when the value is not used."""
    for dsn in (f"host=db password={SECRET}", f"clerk:{SECRET}@db"):
        path = config_file(tmp_path, f'{key} = "{dsn}"\n', mode)
        said = complaint(inline("--config", path, "config", "show", MEDIABASE_DSN="host=x"), 2)
        assert f"chmod 600 {path}" in said and SECRET not in said
        path.chmod(0o600)
        done = inline("--config", path, "config", "show")
        assert done.returncode == 0 and SECRET not in done.stdout
    path = config_file(tmp_path, f'{key} = "host=db"\n', mode)
    assert inline("--config", path, "config", "show").returncode == 0


# ---- files that cannot be followed ----


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"dns = '{SECRET}'", "unknown key 'dns'"),
        (f"[server]\ndsn = '{SECRET}'", "unknown key 'server'"),
        ("dsn = 5432", "dsn must be text"),
        (f"dsn = ['{SECRET}']", "dsn must be text"),
        ("home = 2020-01-01", "home must be text"),
        ("jobs = '2'", "jobs must be a whole number"),
        ("jobs = true", "jobs must be a whole number"),
        ("jobs = 2.0", "jobs must be a whole number"),
        ("jobs = 0", "jobs"),
        ("jobs = 33", "less than or equal to 32"),
        ("on_bad_rows = 'drop'", "'quarantine' or 'fail'"),
        ("log_format = 'xml'", "'text' or 'json'"),
        (f"dsn = {SECRET}", "line 1"),
        (f"jobs = 1\ndsn = 'host=db password={SECRET}", "end of document"),
        (f"dsn = '{SECRET}'\ndsn = '{SECRET}'\n", "line 2"),
        (f"{SECRET}", "not valid TOML"),
        ("dsn = '\udcff'", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """Unknown keys, wrong types and values, malformed text: the file, the key, what to do, never the value."""
    path = tmp_path / "mediabase.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    for command in (["config", "show"], ["status"], ["migrate", "--all"], ["sandbox", "up"]):
        said = complaint(inline("--config", path, *command), 2)
        assert says in said and str(path) in said and SECRET not in said


def test_a_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Missing, a folder, a link to nowhere; an empty one is as good as none."""
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "missing.toml", tmp_path):
        said = complaint(inline("--config", path, "config", "show"), 2)
        assert f"{path} cannot be read" in said
        assert complaint(inline("config", "show", MEDIABASE_CONFIG=str(path)), 2) == said
    (tmp_path / "mediabase.toml").symlink_to("nowhere")
    assert "cannot be read" in complaint(inline("config", "show"), 2)
    assert inline("--config", os.devnull, "config", "show").returncode == 0


def test_a_file_of_another_user_is_only_followed_when_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It could name the programs that are run."""
    path = config_file(tmp_path, "jobs = 2\n", 0o644)
    monkeypatch.chdir(tmp_path)
    assert load({}).settings.jobs == 2
    if os.geteuid() == 0:
        os.chown(path, 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(UsageError, match="belongs to another user"):
        load({})
    assert load({}, path).settings.jobs == 2


@pytest.mark.parametrize(
    ("name", "value"), [("JOBS", "many"), ("JOBS", "0"), ("ON_BAD_ROWS", "drop"), ("LOG_FORMAT", "xml")]
)
def test_a_wrong_variable_is_refused(name: str, value: str) -> None:
    """The variable is named."""
    assert f"environment MEDIABASE_{name}" in complaint(inline("status", **{f"MEDIABASE_{name}": value}), 2)


# ---- completion ----


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("mediabase mi", {"migrate"}),
        ("mediabase config ", {"show"}),
        ("mediabase --log", {"--log-format"}),
        ("mediabase --log-format ", {"text", "json"}),
        ("mediabase migrate --on", {"--on-bad-rows"}),
        ("mediabase migrate --on-bad-rows ", {"quarantine", "fail"}),
        ("mediabase --config nowhere.toml sandbox ", {"up", "down"}),
    ],
)
def test_completion_offers_commands_options_and_values(words: str, offered: set[str]) -> None:
    """As bash asks for it; whatever the settings are."""
    variables = {"_MEDIABASE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = inline(**variables, MEDIABASE_JOBS="many")
    assert done.returncode == 0 and set(done.stdout.split()) == offered and done.stderr == ""


def test_the_completion_script_works_in_bash(tmp_path: Path) -> None:
    """What --show-completion prints, sourced by a shell."""
    script = mediabase("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert script.returncode == 0, script.stderr
    (tmp_path / "script").write_text(script.stdout)
    ask = (
        f"source {tmp_path}/script; COMP_WORDS=(mediabase sta); COMP_CWORD=1; "
        f'_mediabase_completion {MEDIABASE}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, env=clean_environment())
    assert done.stdout.strip() == "status", done.stderr


def test_completion_does_not_load_what_it_does_not_need() -> None:
    """Loading dbt takes seconds, and completion starts the whole command line."""
    code = "import sys, orchestrator.cli.main; print([name for name in ('dbt', 'structlog') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
