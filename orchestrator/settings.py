"""Settings: where the servers and the data home are, and how to work.

Each comes from a flag, an environment variable `MEDIABASE_*`, the configuration file or its default: the first
of these that has it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from orchestrator import config_file
from orchestrator.dsn import may_hold_secret
from orchestrator.errors import UsageError

PREFIX = "MEDIABASE_"
OnBadRows = Literal["quarantine", "fail"]
LogFormat = Literal["text", "json"]


def _default_home() -> Path:
    """Return a folder that the embedded server's user can enter: as root not below root's own home."""
    if os.geteuid() == 0:
        return Path("/var/lib/mediabase")
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "mediabase"


class Settings(BaseSettings):
    """All settings of the product; each has a default that works on a fresh machine.

    Made directly it has environment variables and defaults only; `load` takes in flags and the file.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    dsn: SecretStr | None = Field(
        default=None,
        description="Target server as a libpq connection string, URI or `service=NAME`. "
        "Not given: the embedded PostgreSQL.",
    )
    legacy_dsn: SecretStr | None = Field(
        default=None,
        description="Server with the legacy databases. Not given: the target server.",
    )
    api_dsn: SecretStr | None = Field(
        default=None,
        description="Target as the API's login, mediabase_api. Not given: the target with that user and no password.",
    )
    home: Path = Field(
        default_factory=_default_home,
        description="Folder of the embedded PostgreSQL and of dbt's artifacts.",
    )
    pg_bin: Path | None = Field(
        default=None,
        description="Folder of the PostgreSQL programs (psql, pg_dump) to prefer.",
    )
    jobs: int = Field(default=1, ge=1, le=32, description="Patients worked on at a time.")
    on_bad_rows: OnBadRows = Field(
        default="quarantine",
        description="Keep rows that cannot be stored beside the patient, or fail the patient.",
    )
    log_format: LogFormat = Field(
        default="text",
        description="What is said on standard error: text for people, or one JSON object per line.",
    )

    @property
    def target(self) -> str | None:
        """Return the target's connection string in the clear, for libpq only."""
        return self.dsn.get_secret_value() if self.dsn else None

    @property
    def legacy(self) -> str | None:
        """Return the legacy server's connection string in the clear, for libpq only."""
        return self.legacy_dsn.get_secret_value() if self.legacy_dsn else None

    @property
    def api(self) -> str | None:
        """Return the connection string of the API's login in the clear, for libpq only."""
        return self.api_dsn.get_secret_value() if self.api_dsn else None


SECRET_SETTINGS = ("dsn", "legacy_dsn", "api_dsn")


@dataclass(frozen=True)
class Loaded:
    """The settings in force, and by name where each came from: a flag, variable or file; no entry for a default."""

    settings: Settings
    origins: dict[str, str]


def load(flags: Mapping[str, object], file: Path | None = None) -> Loaded:
    """Return the settings in force; None and empty text count as not given, wherever they stand.

    `file` is the configuration file; by default the one that MEDIABASE_CONFIG names, or else mediabase.toml of
    the current folder if there is one.
    Raises UsageError, which repeats no connection string, for what cannot be used.
    """
    given = {name: value for name, value in flags.items() if value not in (None, "")}
    _refuse_passwords(given)
    named = file or os.environ.get(variable("config"))
    path = Path(named).absolute() if named else config_file.nearby()
    in_file = config_file.read(path, Settings.model_fields, is_named=bool(named)) if path else {}
    in_environment = EnvSettingsSource(Settings)()
    values = {**in_file, **in_environment, **given}
    origins = {
        **dict.fromkeys(in_file, f"{path.name} ({path})" if path else ""),
        **{name: f"environment {variable(name)}" for name in in_environment},
        **{name: f"flag {flag(name)}" for name in given},
    }
    try:
        return Loaded(Settings(**values), origins)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False)[0]
        name = str(problem["loc"][0])
        reason = problem["msg"].replace("Input", "it")
        raise UsageError(f"The setting {name} ({origins[name]}) cannot be used: {reason}.") from None


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """Return the command line's flag of a setting."""
    return "--" + name.replace("_", "-")


def _refuse_passwords(flags: Mapping[str, object]) -> None:
    for name in SECRET_SETTINGS:
        if may_hold_secret(str(flags.get(name, ""))):
            raise UsageError(
                f"{flag(name)} holds a password, or cannot be read: other users see a command line. "
                f"Use a password file, a service file or {variable(name)}."
            )
