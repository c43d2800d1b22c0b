"""Files of deploy/: linters find nothing, what they name exists, and no secret is in them."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from helpers import CHECKOUT, inline

from orchestrator.api.app import Options, create_app

DEPLOY = CHECKOUT / "deploy"
CONTAINERFILE, COMPOSE, KUBERNETES, UNIT, README = (
    DEPLOY / name for name in ("Containerfile", "compose.yaml", "kubernetes.yaml", "mediabase-api.service", "README.md")
)
BIN = Path(sys.executable).parent
OLDEST_KUBERNETES = "1.30"
MOST_EXPOSED = 20
"""Of systemd's own judgement, in tenths; it calls less than that OK."""
VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
MIGRATE = ("migrate", "--all")
SERVE = ("serve", "--host", "0.0.0.0", "--port", "8000")  # noqa: S104


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services of the Compose file."""
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """Return the resources for Kubernetes by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(KUBERNETES.read_text())}


def pods(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the Job's and the Deployment's pods are, by kind."""
    return {kind: resources[kind]["spec"]["template"]["spec"] for kind in ("Job", "Deployment")}


def containers(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all containers for Kubernetes by name."""
    found = [each for pod in pods(resources).values() for each in [*pod.get("initContainers", []), *pod["containers"]]]
    return {each["name"]: each for each in found}


def instruction(name: str) -> str:
    """Return what follows the last instruction of this name in the Containerfile."""
    return re.findall(rf"^{name} (.*)$", CONTAINERFILE.read_text(), re.MULTILINE)[-1]


def run(*command: object) -> str:
    """Run a linter and return what it says; fail unless it finds nothing."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def as_arguments(words: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of `mediabase` in what a container runs, which may be a line for the shell."""
    if words[0] == "/bin/sh":
        words = shlex.split(words[2].split("||")[0])
    return tuple(words[1:] if Path(words[0]).name == "mediabase" else words)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Yield the port of a server that answers everything with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def test_hadolint_finds_nothing() -> None:
    """In the Containerfile, with no rule switched off."""
    assert "hadolint ignore" not in CONTAINERFILE.read_text() and not list(CHECKOUT.glob(".hadolint.y*ml"))
    run(BIN / "hadolint", CONTAINERFILE)


def test_compose_fits_its_schema() -> None:
    """That of the Compose specification."""
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


@pytest.mark.parametrize("version", [[], ["--kubernetes-version", OLDEST_KUBERNETES]], ids=["newest", "oldest"])
def test_kubernetes_fits_its_schemas(version: list[str], resources: dict[str, Any]) -> None:
    """Every document, with no property that its kind does not have."""
    assert set(resources) == {"Job", "Deployment", "Service"}
    assert f"Kubernetes {OLDEST_KUBERNETES} or newer" in README.read_text()
    run(BIN / "kubernetes-validate", "--strict", *version, KUBERNETES)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """With the program where it is here; and finds it confined well."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (apt-get install systemd)")
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert text.count("/opt/mediabase/bin/mediabase") == 1
    unit.write_text(text.replace("/opt/mediabase/bin/mediabase", str(BIN / "mediabase")))
    said = run("systemd-analyze", "verify", unit)
    assert UNIT.name not in said  # a setting that it does not know is only warned of
    run("systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", unit)


def test_every_command_exists(services: dict[str, Any], resources: dict[str, Any]) -> None:
    """With its options; nothing else of the product is run."""
    image = [*json.loads(instruction("ENTRYPOINT")), *json.loads(instruction("CMD"))]
    assert as_arguments(image) == SERVE
    composed = {name: each.get("entrypoint", []) + each["command"] for name, each in services.items()}
    assert as_arguments(composed["migrate"]) == MIGRATE and as_arguments(composed["api"]) == SERVE
    in_cluster = {name: each.get("command") or each["args"] for name, each in containers(resources).items()}
    assert {name: as_arguments(words) for name, words in in_cluster.items()} == {
        "doctor": ("doctor",), "migrate": MIGRATE, "api": SERVE,
    }  # fmt: skip
    started = shlex.split(re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)[0])
    assert as_arguments(started) == ("serve", "--host", "127.0.0.1", "--port", "8000")
    text = README.read_text()
    told = re.findall(r"`mediabase ([^`]+)`", text) + re.findall(r"--entrypoint mediabase migrate (.+)$", text, re.M)
    told = [tuple(shlex.split(each)) for each in told]
    assert {each[:2] for each in told} >= {("token", "create"), ("doctor",), ("status",), ("backup", "--core")}
    for arguments in {MIGRATE, SERVE, ("doctor",), as_arguments(started), *told}:
        done = inline(*arguments, "--help")
        assert done.returncode == 0, (arguments, done.stderr)
    assert inline("serve", "--hots", "0.0.0.0", "--help").returncode == 2  # noqa: S104  # so this would be found


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5])
def test_rows_in_quarantine_are_success(
    code: int, services: dict[str, Any], resources: dict[str, Any], tmp_path: Path
) -> None:
    """And every other exit code stays what it is: the Job gives up at 5."""
    program = tmp_path / "mediabase"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    in_cluster = containers(resources)["migrate"]["command"]
    composed = [each.replace("$$", "$") for each in services["migrate"]["entrypoint"] + services["migrate"]["command"]]
    assert "$(" not in in_cluster[2]
    for command in (in_cluster, composed):
        done = subprocess.run(command, env={"PATH": f"{tmp_path}:/bin:/usr/bin"}, capture_output=True)
        assert (done.returncode, done.stderr) == (0 if code == 3 else code, b"")
    (given_up,) = [rule["onExitCodes"]["values"] for rule in resources["Job"]["spec"]["podFailurePolicy"]["rules"]
                   if rule["action"] == "FailJob"]  # fmt: skip
    assert given_up == [5]


def test_what_is_asked_is_answered(services: dict[str, Any], resources: dict[str, Any]) -> None:
    """Probes and health checks ask for paths that the API has, at the port that it listens on."""
    assert {"/health", "/ready"} <= set(create_app(Options("")).openapi()["paths"])
    api = containers(resources)["api"]
    asked = {kind: api[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: each["path"] for kind, each in asked.items()} == {
        "startup": "/health", "liveness": "/health", "readiness": "/ready",
    }  # fmt: skip
    ports = {each["name"]: each["containerPort"] for each in api["ports"]}
    assert {ports[each["port"]] for each in asked.values()} == {8000} and instruction("EXPOSE") == "8000"
    (port,) = resources["Service"]["spec"]["ports"]
    assert ports[port["targetPort"]] == 8000
    checks = {
        "/health": json.loads(instruction("HEALTHCHECK").partition("CMD ")[2]),
        "/ready": services["api"]["healthcheck"]["test"][1:],
    }
    for path, (program, *arguments) in checks.items():
        assert program == "python" and f"'{path}'" in arguments[-1] and "8000" in arguments[-1]
        for status in (200, 503):
            with answering(status) as at:
                command = [sys.executable, *(each.replace("8000", str(at)) for each in arguments)]
                assert (subprocess.run(command).returncode == 0) == (status == 200)


def test_the_api_waits_for_the_migration(services: dict[str, Any]) -> None:
    """Which runs once, when the database is there."""
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    assert services["api"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_containers_can_do_little(services: dict[str, Any], resources: dict[str, Any]) -> None:
    """No root, no file system to write to, no capability; and nothing is open beyond the machine."""
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", instruction("USER"))
    for service in services.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert {name: each["ports"] for name, each in services.items() if "ports" in each} == {
        "api": ["127.0.0.1:8000:8000"]
    }
    user = int(instruction("USER").partition(":")[0])
    for pod in pods(resources).values():  # what the Pod Security Standard `restricted` asks for
        assert pod["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": user}.items()
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert all(set(volume) == {"name", "emptyDir"} for volume in pod["volumes"])
    for container in containers(resources).values():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert {"memory", "cpu"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


def test_the_service_finds_the_api_and_only_that(resources: dict[str, Any]) -> None:
    """By the labels of its pods, which those of the migration do not have."""
    labels = {kind: resources[kind]["spec"]["template"]["metadata"]["labels"] for kind in ("Job", "Deployment")}
    chosen = resources["Service"]["spec"]["selector"]
    assert chosen == resources["Deployment"]["spec"]["selector"]["matchLabels"]
    assert chosen.items() <= labels["Deployment"].items() and not chosen.items() <= labels["Job"].items()
    by_component = {each["metadata"]["labels"]["app.kubernetes.io/component"]: kind for kind, each in resources.items()}
    named = set(re.findall(r"--selector app\.kubernetes\.io/component=(\w+)", README.read_text()))
    assert named == set(by_component) == {"migration", "api"}


def test_no_secret_and_no_address_is_in_them(services: dict[str, Any], resources: dict[str, Any]) -> None:
    """Connection strings come from outside; the API gets its own and not the operator's; images go by name and tag."""
    for file in (CONTAINERFILE, COMPOSE, KUBERNETES, UNIT, README):
        text = file.read_text()
        assert "://" not in text, file
        assert not re.search(r"\b[\w-]+(\.[\w-]+)*\.(io|com|org|net|dev)/(?!name|component|version)", text), file
        assert not re.search(r"(?i)password[=:] *(?!\.\.\.|/run/secrets/|file\b)\S", text), file
    variables = {
        name: {each["name"]: each.get("value") or each["valueFrom"]["secretKeyRef"]["name"] for each in found["env"]}
        for name, found in containers(resources).items()
    }
    operator = {"MEDIABASE_DSN": "mediabase-migration", "MEDIABASE_LEGACY_DSN": "mediabase-migration"}
    api = {"MEDIABASE_API_DSN": "mediabase-api", "FORWARDED_ALLOW_IPS": "*"}
    assert variables == {"doctor": operator, "migrate": operator, "api": api}
    assert services["migrate"]["env_file"] == ["migrate.env"] and services["api"]["env_file"] == ["api.env"]
    assert services["api"]["environment"] == {"FORWARDED_ALLOW_IPS": "*"}
    images = {each["image"] for each in [*services.values(), *containers(resources).values()]}
    images |= set(re.findall(r"^FROM (\S+)", CONTAINERFILE.read_text(), re.MULTILINE))
    assert images == {f"mediabase:{VERSION}", "postgres:18-bookworm", "python:3.11-slim-bookworm"}
    for secret in ("migrate.env", "api.env", "database_password"):
        done = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", DEPLOY / secret], cwd=CHECKOUT)
        assert done.returncode == 0, secret


def test_the_image_has_the_whole_package(tmp_path: Path) -> None:
    """What the Containerfile copies is enough to build it, and has every file that the checkout's has."""
    here, wheels = tmp_path / "here", tmp_path / "wheels"
    here.mkdir()
    for *sources, target in map(str.split, re.findall(r"^COPY ([^-].*)$", CONTAINERFILE.read_text(), re.MULTILINE)):
        for source in sources:
            to = here / (source if target == "./" else target)
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CHECKOUT / source, to)
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--no-build-isolation", "--wheel-dir", wheels, here,
    )  # fmt: skip
    (wheel,) = wheels.iterdir()
    assert wheel.name.startswith(f"mediabase_migration-{VERSION}-")
    packed = set(ZipFile(wheel).namelist())
    wanted = {
        str(each.relative_to(CHECKOUT))
        for each in (CHECKOUT / "orchestrator").rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source, target in project["force-include"].items():
        files = (CHECKOUT / source).rglob("*") if (CHECKOUT / source).is_dir() else [CHECKOUT / source]
        wanted |= {str(target / each.relative_to(CHECKOUT / source)) for each in files if each.is_file()}
    assert not wanted - packed and len(wanted) > 300
