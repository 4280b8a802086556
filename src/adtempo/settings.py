"""What the environment says: the only reader of it, and the source of the reference page on settings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cronsim import CronSim, CronSimError
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adtempo.domain.errors import InvalidInput

_ORIGIN = "https?://[A-Za-z0-9.-]+(:[0-9]+)?"


class Settings(BaseSettings):
    """Everything that can be set from outside; nothing need be."""

    model_config = SettingsConfigDict(env_prefix="ADTEMPO_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(
        default=Path("~/.adtempo"),
        description="Folder that holds the workspace: the ledger of facts and, by default, the database.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description=(
            "The operational database: sqlite:///path or postgresql://user:password@host/database. "
            "Default: the file adtempo.db in the home. SQLite must lie on a local disk."
        ),
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description=(
            "The key that stored secrets are sealed with: 32 random bytes in base64. "
            "Default: the file secret.key in the home, made at its first use; no backup holds it, so keep a copy."
        ),
    )
    forecasts_cron: str = Field(
        default="*/30 * * * *",
        description="When forecasts are brought up to date: a cron expression, in UTC.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?$",
        description=(
            "How people reach this server over TLS, such as https://ads.example.com, where a proxy in front of it ends "
            "TLS. Needed before it listens on any address but loopback; its name is then one that requests may ask for."
        ),
    )
    cors_origins: str = Field(
        default="",
        pattern=rf"^({_ORIGIN}(, *{_ORIGIN})*)?$",
        description=(
            "Other origins, separated by commas, whose pages may read the API with a script's token (CORS), such as "
            "https://bi.example.com. Changes always come from this server's own pages, or from scripts."
        ),
    )
    tell_above: float = Field(
        default=500,
        ge=0,
        description=(
            "The hourly run tells of every change of a daily budget by more than so many US dollars, or their like. "
            "It tells of every pause."
        ),
    )

    @field_validator("forecasts_cron")
    @classmethod
    def _check_cron(cls, text: str) -> str:
        try:
            CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as problem:
            raise ValueError(f"{problem}; write it as */30 * * * *") from None
        return text


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidInput: A variable does not hold what it should; the message names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise InvalidInput(f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
