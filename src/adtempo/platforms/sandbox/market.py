"""A market that lives in a folder: its world, and the platform's own history of every edit.

The folder holds ``world.json`` and ``edits.db``, a SQLite file with one table that an outside judge may read:
``edits(id, at_us, platform, account_id, campaign_id, field, old, new, actor)``. Any number of processes may write.
"""

from __future__ import annotations

import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import Conflict, NotFound
from adtempo.platforms.sandbox.clock import from_us, to_us
from adtempo.platforms.sandbox.edits import ACTIVE, Edit, Field
from adtempo.platforms.sandbox.spec import WorldSpec
from adtempo.platforms.sandbox.world import Edits, World

_WORLD = "world.json"
_EDITS = "edits.db"
_WORLDS = TypeAdapter(WorldSpec)
_WAIT_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS edits (
    id INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    platform TEXT NOT NULL,
    account_id TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    field TEXT NOT NULL CHECK (field IN ('budget_daily_micros', 'status')),
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    actor TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS edits_by_account ON edits (platform, account_id, id);
"""
_OF_ACCOUNT = (
    "SELECT campaign_id, at_us, field, old, new, actor FROM edits WHERE platform = ? AND account_id = ? ORDER BY id"
)
_LAST = (
    "SELECT new FROM edits WHERE platform = ? AND account_id = ? AND campaign_id = ? AND field = ? AND at_us <= ?"
    " ORDER BY id DESC LIMIT 1"
)
_LATEST = "SELECT coalesce(max(at_us), ?) FROM edits WHERE platform = ? AND account_id = ? AND campaign_id = ?"
_APPEND = (
    "INSERT INTO edits (at_us, platform, account_id, campaign_id, field, old, new, actor)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def create_market(folder: Path, spec: WorldSpec) -> Market:
    """Make a market in a folder; making the same one again opens it.

    Raises:
        Conflict: Another market lives there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = _WORLDS.dump_json(spec, indent=1)
    place = folder / _WORLD
    if place.exists() and _WORLDS.validate_json(place.read_bytes()) != spec:
        raise Conflict(f"another sandbox market lives in {folder}; use another home")
    if not place.exists():
        draft = folder / f"{_WORLD}.{os.getpid()}"
        draft.write_bytes(text)
        draft.replace(place)
    return open_market(folder)


def open_market(folder: Path) -> Market:
    """Open the market of a folder.

    Raises:
        NotFound: There is none.
    """
    place = folder / _WORLD
    if not place.exists():
        raise NotFound("there is no sandbox market here; make one with `adtempo demo`")
    return Market(_WORLDS.validate_json(place.read_bytes()), folder)


class Market:
    """A world together with the edits made in it."""

    def __init__(self, spec: WorldSpec, folder: Path) -> None:
        self.world = World(spec)
        self._path = folder / _EDITS
        with self._connected() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection

    def load_edits(self, account: AccountRef) -> dict[str, Edits]:
        """Return the edits of an account by campaign id, in order of time."""
        with self._connected() as connection:
            rows = connection.execute(_OF_ACCOUNT, (account.platform, account.account_id)).fetchall()
        edits = defaultdict(list)
        for campaign_id, at_us, field, old, new, actor in rows:
            edits[campaign_id].append(Edit(from_us(at_us), Field(field), old, new, actor))
        return {campaign_id: tuple(made) for campaign_id, made in edits.items()}

    def load_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        """Return a campaign's settings at a moment.

        Raises:
            NotFound: There is no such campaign.
        """
        with self._connected() as connection:
            budget = self._value_at(connection, campaign, Field.BUDGET, to_us(now))
            return CampaignState(int(budget), Status(self._value_at(connection, campaign, Field.STATUS, to_us(now))))

    def record_edit(self, campaign: CampaignRef, field: Field, new: str, now: datetime, actor: str) -> Edit:
        """Set one value, durably, and return the edit as the platform's history has it.

        The platform's clock never runs backwards: an edit made "before" the campaign's latest one gets its time.

        Raises:
            NotFound: There is no such campaign.
        """
        entity = (campaign.platform, campaign.account_id, campaign.campaign_id)
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            latest_us = int(connection.execute(_LATEST, (to_us(now), *entity)).fetchone()[0])
            at_us = max(to_us(now), latest_us)
            old = self._value_at(connection, campaign, field, at_us)
            connection.execute(_APPEND, (at_us, *entity, field, old, new, actor))
            connection.execute("COMMIT")
        return Edit(from_us(at_us), field, old, new, actor)

    def _value_at(self, connection: sqlite3.Connection, campaign: CampaignRef, field: Field, at_us: int) -> str:
        spec = self.world.campaign(campaign)
        entity = (campaign.platform, campaign.account_id, campaign.campaign_id)
        row = connection.execute(_LAST, (*entity, field, at_us)).fetchone()
        if row is not None:
            return str(row[0])
        return str(spec.budget_daily_micros) if field is Field.BUDGET else ACTIVE
