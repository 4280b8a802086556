"""doctor: what is wrong with this set-up, and what to do about it.

It looks at things from the ground up and stops at the first floor that does not bear: without a database there is no
ledger to look at.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from adtempo.cli.session import AsJson, print_json, session_of
from adtempo.domain.errors import AdtempoError

if TYPE_CHECKING:
    from adtempo.store.ledger import LedgerFile
    from adtempo.workspace import Workspace

PYTHON_MIN = (3, 11)
NAME_WIDTH = 13
NAMED_MAX = 3
RUNS_LOOKED_AT = 50
JOBS_SILENT = timedelta(hours=3)
"""The hourly sync is late by then."""

EARLIEST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)
SDKS = (("meta", "facebook_business"), ("google", "google.ads.googleads"), ("tiktok", "business_api_client"))
"""Platform and the module of its official SDK; none is needed for files and the sandbox."""


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        state: How it stands.
        message: What was found; for anything but ok, what to do.
    """

    name: str
    state: State
    message: str


def check_python() -> Iterator[Check]:
    """Look at the interpreter and the packages that adtempo needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        yield Check("python", State.FAIL, f"{version}; adtempo needs 3.11 or newer")
    else:
        yield Check("python", State.OK, version)
    needed = [
        re.split(r"[^\w.-]", line, maxsplit=1)[0]
        for line in metadata.requires("adtempo") or ()
        if "extra ==" not in line
    ]
    missing = [name for name in needed if not _installed(name)]
    if missing:
        yield Check("packages", State.FAIL, f"missing: {', '.join(missing)}; run: pip install {' '.join(missing)}")
    else:
        yield Check("packages", State.OK, f"{len(needed)} needed, all there")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_time(now: datetime) -> Iterator[Check]:
    """Look at the clock and the time zone data."""
    if now < EARLIEST_CLOCK:
        yield Check("clock", State.FAIL, f"it says {now:%Y-%m-%d %H:%M} UTC, which cannot be; set the system's clock")
    else:
        yield Check("clock", State.OK, f"{now:%Y-%m-%d %H:%M} UTC")
    from zoneinfo import available_timezones

    known = len(available_timezones())
    if known == 0:
        yield Check("time zones", State.FAIL, "no time zone data; run: pip install tzdata")
    else:
        yield Check("time zones", State.OK, f"{known} known")


def check_home(home: Path) -> Iterator[Check]:
    """Look at the folder of the workspace."""
    if not home.exists():
        yield Check("home", State.OK, f"{home} does not exist yet; the first command makes it")
        return
    if not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        yield Check("home", State.FAIL, f"{home} is not a folder you can write to; choose another with --home")
        return
    open_to = stat.S_IMODE(home.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    if open_to:
        yield Check("home", State.WARN, f"others may look into {home}; run: chmod 700 {home}")
    else:
        yield Check("home", State.OK, str(home))


def check_sdks() -> Iterator[Check]:
    """Look at the official SDKs; without one, its platform cannot be reached, and nothing else is missing."""
    for platform, module in SDKS:
        found = _importable(module)
        message = "installed" if found else "not installed; files and the sandbox work without it"
        yield Check(f"{platform} SDK", State.OK, message)


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def check_settings() -> Iterator[Check]:
    """Name every environment variable with a meaning, whether it is set, and what for; never its value."""
    from adtempo.settings import Settings, read_settings

    try:
        read_settings()
    except AdtempoError as problem:
        yield Check("settings", State.FAIL, problem.message)
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"ADTEMPO_{name.upper()}")
        said = "set" if os.environ.get(variable) else "not set"
        yield Check(variable, State.OK, f"{said}. {field.description}")


def check_workspace(workspace: Workspace, now: datetime) -> Iterator[Check]:
    """Look at the database, the ledger's files and the jobs of an open home."""
    from adtempo.store import schema

    differences = schema.check(workspace.engine)
    if differences:
        found = "; ".join(differences[:NAMED_MAX])
        yield Check("database", State.FAIL, f"its tables are not this version's ({found}); restore a backup")
    else:
        yield Check("database", State.OK, f"revision {schema.newest_revision()}")
    yield _check_ledger(workspace)
    yield _check_jobs(workspace, now)


def _check_ledger(workspace: Workspace) -> Check:
    files = workspace.ledger.snapshot().files
    damage = [f"{file.path} {wrong}" for file in files if (wrong := _damage(workspace.ledger_dir / file.path, file))]
    if damage:
        more = f" and {len(damage) - NAMED_MAX} more" if len(damage) > NAMED_MAX else ""
        found = "; ".join(damage[:NAMED_MAX])
        return Check("ledger", State.FAIL, f"{found}{more}; restore a backup: adtempo db restore FILE")
    return Check("ledger", State.OK, f"all {len(files)} files there and unchanged")


def _damage(path: Path, listed: LedgerFile) -> str | None:
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != listed.bytes:
        return f"has {path.stat().st_size} bytes instead of {listed.bytes}"
    from adtempo.store.durable import digest_of

    return None if digest_of(path) == listed.sha256 else "was changed"


def _check_jobs(workspace: Workspace, now: datetime) -> Check:
    from adtempo.store.engine import reading
    from adtempo.store.jobs import load_newest_slots, load_runs

    with reading(workspace.engine) as connection:
        done = load_newest_slots(connection, status="done")
        failed = [run for run in load_runs(connection, limit=RUNS_LOOKED_AT) if run.status == "failed"]
    start = "start them with `adtempo serve` or `adtempo work`"
    if failed:
        last = failed[0]
        return Check("jobs", State.WARN, f"{last.job} failed for {last.slot:%Y-%m-%d %H:%M} UTC: {last.error}")
    if not done:
        return Check("jobs", State.WARN, f"none has run yet; {start}")
    newest = max(done.values())
    if now - newest > JOBS_SILENT:
        return Check("jobs", State.WARN, f"the last one ran for {newest:%Y-%m-%d %H:%M} UTC; {start}")
    return Check("jobs", State.OK, f"alive; the last one ran for {newest:%Y-%m-%d %H:%M} UTC")


def look_around(home: Path | None) -> Iterator[Check]:
    """Look at everything, from the ground up."""
    now = datetime.now(UTC)  # the doctor looks at the machine, so a pretended moment has no place here
    yield from check_python()
    yield from check_time(now)
    yield from check_settings()
    yield from check_sdks()
    from adtempo.settings import read_settings
    from adtempo.workspace import open_workspace

    try:
        folder = (home or read_settings().home).expanduser().absolute()
        yield from check_home(folder)
        with open_workspace(folder) as workspace:
            yield from check_workspace(workspace, now)
    except AdtempoError as problem:
        yield Check("workspace", State.FAIL, problem.message)


def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Look for what is wrong with this set-up, and say what to do about it."""
    checks = []
    for check in look_around(session_of(ctx).home):
        checks.append(check)
        if not as_json:
            typer.echo(f"{check.state:4}  {check.name:{NAME_WIDTH}}  {check.message}")
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    if any(check.state is State.FAIL for check in checks):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("doctor")(doctor)
