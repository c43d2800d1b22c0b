"""Settings: where the servers and the data home are. Environment variables `MEDIABASE_*`."""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_home() -> Path:
    """Return a folder that the embedded server's user can enter: as root not below root's own home."""
    if os.geteuid() == 0:
        return Path("/var/lib/mediabase")
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "mediabase"


class Settings(BaseSettings):
    """All settings of the product; each has a default that works on a fresh machine."""

    model_config = SettingsConfigDict(env_prefix="MEDIABASE_", env_ignore_empty=True, frozen=True, extra="ignore")

    dsn: SecretStr | None = Field(
        default=None,
        description="Target server as a libpq connection string, URI or `service=NAME`. "
        "Not given: the embedded PostgreSQL.",
    )
    legacy_dsn: SecretStr | None = Field(
        default=None,
        description="Server with the legacy databases. Not given: the target server.",
    )
    home: Path = Field(
        default_factory=_default_home,
        description="Folder of the embedded PostgreSQL and of dbt's artifacts.",
    )
    pg_bin: Path | None = Field(
        default=None,
        description="Folder of the PostgreSQL programs (psql, pg_dump) to prefer.",
    )

    @property
    def target(self) -> str | None:
        """Return the target's connection string in the clear, for libpq only."""
        return self.dsn.get_secret_value() if self.dsn else None

    @property
    def legacy(self) -> str | None:
        """Return the legacy server's connection string in the clear, for libpq only."""
        return self.legacy_dsn.get_secret_value() if self.legacy_dsn else None
