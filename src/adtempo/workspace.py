"""What is open: the home folder, the operational database, the ledger, and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from adtempo.domain.errors import DatabaseUnavailable, InvalidInput
from adtempo.settings import Settings, read_settings
from adtempo.store.engine import open_engine
from adtempo.store.schema import upgrade
from adtempo.store.sealed import load_key, read_key

if TYPE_CHECKING:
    from adtempo.facts.ledger import Ledger


@dataclass(frozen=True)
class Workspace:
    """An open home; use it as a context manager.

    Attributes:
        home: Its folder.
        settings: What the environment said when it was opened.
        engine: The operational database, migrated.
        pretended_now: The moment that everything pretends it to be; None = the clock runs.
    """

    home: Path
    settings: Settings
    engine: Engine
    pretended_now: datetime | None = None

    @property
    def pretended(self) -> bool:
        """Whether the moment is pretended; then nothing is ever sent to a real platform."""
        return self.pretended_now is not None

    def now(self) -> datetime:
        """Return the moment, aware, in UTC. Leases ask the real clock instead."""
        return self.pretended_now or datetime.now(UTC)

    @property
    def ledger_dir(self) -> Path:
        """The folder of the ledger's Parquet files."""
        return self.home / "ledger"

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of facts."""
        from adtempo.facts.ledger import Ledger

        return Ledger(self.ledger_dir, self.engine)

    @cached_property
    def secret_key(self) -> bytes:
        """The key that stored secrets are sealed with; it never lies in the database or in a backup."""
        stated = self.settings.secret_key
        return load_key(self.home / "secret.key") if stated is None else read_key(stated.get_secret_value())

    @property
    def actor(self) -> str:
        """The operating-system user who owns the home, and so acts on it from the command line."""
        try:
            return self.home.owner()
        except KeyError:
            return f"user {self.home.stat().st_uid}"

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_workspace(
    home: Path | str | None = None, *, now: datetime | None = None, database_url: str | None = None
) -> Workspace:
    """Open a home; the first opening creates it, and an older database is migrated.

    Args:
        home: Its folder; None = what the environment says, else ``~/.adtempo``.
        now: A moment to pretend, aware; None = the clock.
        database_url: The operational database; None = what the environment says, else a file in the home.

    Raises:
        InvalidInput: The folder cannot be made, the moment has no time zone, or the URL is not one.
        DatabaseUnavailable: The database does not answer.
        Conflict: The database holds something else, or belongs to a newer version.
    """
    if now is not None and now.tzinfo is None:
        raise InvalidInput(f"the moment {now.isoformat()} has no time zone; write it with an offset, such as +00:00")
    settings = read_settings()
    folder = Path(home or settings.home).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "ledger").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"the home {folder} cannot be made ({error.strerror}); choose another with --home"
        ) from error
    if database_url is None and settings.database_url is not None:
        database_url = settings.database_url.get_secret_value()
    engine = open_engine(database_url or f"sqlite:///{folder / 'adtempo.db'}")
    try:
        upgrade(engine)
    except DatabaseError as error:
        engine.dispose()
        raise DatabaseUnavailable(f"the database does not answer: {error.orig}") from error
    except BaseException:
        engine.dispose()
        raise
    return Workspace(folder, settings, engine, None if now is None else now.astimezone(UTC))
