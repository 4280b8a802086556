"""Histories of a small ledger: what Hypothesis draws, how it is posted, and a model in plain Python of what it means.

The ledger posts differences to Parquet files; the model keeps every look at every slot in a dictionary and answers by
looking for the newest one. They must agree about every number, at every moment, after every batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from hypothesis import strategies as st
from sqlalchemy import Engine

from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.panels import QUANTITIES, Quantities
from adtempo.facts.compact import compact_ledger
from adtempo.facts.ingest import ingest_differences
from adtempo.facts.ledger import Ledger, open_workbench
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.publish import Origin, open_workplace, publish_batch, writing
from adtempo.facts.sync import sync_accounts
from adtempo.facts.undo import undo_import
from adtempo.platforms.base import ATTRIBUTE_SCHEMA, FACT_SCHEMA, Coverage, Observation
from adtempo.store.ledger import Batch

START = datetime(2026, 2, 27, tzinfo=UTC)
"""First slot; three days of slots reach over the end of a month."""

LOOKED_AT = datetime(2026, 3, 10, tzinfo=UTC)
"""First moment of observation; the others follow hour by hour."""

LEARNT_AT = datetime(2026, 4, 20, tzinfo=UTC)
"""When batches are published, so that their days are old enough for files of months."""

ACCOUNT = Account(AccountRef("meta", "1"), "UTC", "EUR")

Values = tuple[int | None, ...]
"""Quantities in the order of QUANTITIES."""


def moment(hour: float) -> datetime:
    """Return a moment of observation."""
    return LOOKED_AT + timedelta(hours=hour)


@dataclass(frozen=True, slots=True)
class FactRow:
    """One row of FACT_SCHEMA, with short words for what a law does not vary.

    Attributes:
        slot: Hours after START; for a day's row the hours of its midnight.
        looked: Moment of observation, in hours after LOOKED_AT, possibly a fraction.
        values: The quantities, None = not said.
    """

    slot: int
    looked: float
    values: Values
    campaign: str = "c1"
    ad: str | None = None
    grain: str = "hour"
    attribution: str = ""
    conversion_type: str = ""
    reach: int | None = None
    creative: str | None = None
    account: Account = ACCOUNT

    @property
    def starts_at(self) -> datetime:
        """When the slot starts."""
        return START + timedelta(hours=self.slot)

    def to_record(self) -> dict[str, object]:
        """Return the row as FACT_SCHEMA wants it."""
        hourly = self.grain == "hour"
        local = self.starts_at.astimezone(self.account.zone) if hourly else self.starts_at
        return {
            "platform": self.account.ref.platform,
            "account_id": self.account.ref.account_id,
            "level": "campaign" if self.ad is None else "ad",
            "campaign_id": self.campaign,
            "ad_group_id": None if self.ad is None else "g1",
            "ad_id": self.ad,
            "creative_id": self.creative,
            "grain": self.grain,
            "slot": self.starts_at.replace(tzinfo=None),
            "day_local": local.date(),
            "hour_of_week": local.weekday() * 24 + local.hour if hourly else None,
            "attribution": self.attribution,
            "conversion_type": self.conversion_type,
            "observed_at": moment(self.looked).replace(tzinfo=None),
            "reach": self.reach,
            **dict(zip(QUANTITIES, self.values, strict=True)),
        }


def facts(rows: Iterable[FactRow]) -> pa.Table:
    """Return rows as a table of FACT_SCHEMA."""
    return pa.Table.from_pylist([row.to_record() for row in rows], schema=FACT_SCHEMA)


@dataclass(frozen=True, slots=True)
class File:
    """A file is imported."""

    rows: tuple[FactRow, ...]


@dataclass(frozen=True, slots=True)
class Sync:
    """A platform is asked for the slots first..last at a moment; it shows some, and says nothing of the rest."""

    looked: int
    first: int
    last: int
    quantities: tuple[str, ...]
    rows: tuple[FactRow, ...]

    @property
    def coverage(self) -> Coverage:
        """What was covered, as a reader says it."""
        first, end = (START + timedelta(hours=hour) for hour in (self.first, self.last + 1))
        return Coverage(
            ACCOUNT.ref,
            "campaign",
            "hour",
            "",
            first.replace(tzinfo=None),
            end.replace(tzinfo=None),
            self.quantities,
            moment(self.looked),
        )


@dataclass(frozen=True, slots=True)
class Undo:
    """One of the files imported so far is taken back; nothing happens when there is none."""

    choice: int


@dataclass(frozen=True, slots=True)
class Compact:
    """The ledger's files are written anew, as they would be so many days later."""

    days: int


Step = File | Sync | Undo | Compact

SLOTS = (0, 1, 30, 55)
"""Three days, two months, and two hours of one day."""

MOMENTS = range(6)

_figures = st.none() | st.integers(0, 3)
_values = st.tuples(*[_figures] * 5).filter(lambda values: any(value is not None for value in values))
_named_values = st.tuples(st.none(), st.none(), st.none(), st.integers(0, 3), _figures)


@st.composite
def fact_rows(draw: st.DrawFn) -> FactRow:
    """Draw one hourly row of one of two campaigns, now and then of a named conversion type."""
    kind = draw(st.sampled_from(["", "", "", "lead"]))
    values = draw(_named_values if kind else _values)
    campaign = draw(st.sampled_from(["c1", "c2"]))
    return FactRow(draw(st.sampled_from(SLOTS)), draw(st.sampled_from(MOMENTS)), values, campaign, conversion_type=kind)


def _key(row: FactRow) -> tuple[object, ...]:
    return row.campaign, row.conversion_type, row.slot, row.looked


files = st.lists(fact_rows(), min_size=1, max_size=6, unique_by=_key).map(lambda rows: File(tuple(rows)))


@st.composite
def syncs(draw: st.DrawFn) -> Sync:
    """Draw a look at some slots that measures some quantities, and shows some rows of them in full."""
    first, last = sorted(draw(st.tuples(st.sampled_from(SLOTS), st.sampled_from(SLOTS))))
    looked = draw(st.sampled_from(MOMENTS))
    quantities = tuple(draw(st.lists(st.sampled_from(QUANTITIES), min_size=1, unique=True)))
    shown = []
    for campaign in ("c1", "c2"):
        for slot in SLOTS:
            if first <= slot <= last and draw(st.booleans()):
                values = tuple(draw(st.integers(0, 3)) if name in quantities else None for name in QUANTITIES)
                shown.append(FactRow(slot, looked, values, campaign))
    if draw(st.booleans()):
        shown.append(FactRow(first, looked, draw(_named_values), conversion_type="lead"))
    return Sync(looked, first, last, quantities, tuple(shown))


undos = st.integers(0, 9).map(Undo)
compactions = st.sampled_from([0, 20, 60]).map(Compact)
histories = st.lists(files | files | syncs() | undos | compactions, min_size=1, max_size=7)


@st.composite
def pieces(draw: st.DrawFn) -> list[list[FactRow]]:
    """Draw a world without contradictions, told in several files that overlap."""
    rows = draw(st.lists(fact_rows(), min_size=1, max_size=8, unique_by=_key))
    told = draw(st.lists(st.lists(st.sampled_from(rows), min_size=1, unique=True), min_size=1, max_size=3))
    rest = [row for row in rows if not any(row in piece for piece in told)]
    return [*told, rest] if rest else told


@dataclass(frozen=True, slots=True)
class Look:
    """What one batch saw of one quantity of one slot at one moment; not `shown` where a sync said it by silence."""

    looked: float
    batch: int
    value: int
    shown: bool


@dataclass(slots=True)
class Model:
    """What a history means: every look at every slot, and the batch that took back another.

    A row that only repeats what was said at its very moment is no look of its own.
    """

    looks: dict[tuple[str, str, int, str], list[Look]] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)

    def take_file(self, batch: int, rows: Iterable[FactRow]) -> None:
        """Take in a file as a batch."""
        for row in rows:
            if self._is_news(row, QUANTITIES):
                for name, value in zip(QUANTITIES, row.values, strict=True):
                    if value is not None:
                        look = Look(row.looked, batch, value, True)
                        self._look(row.campaign, row.conversion_type, row.slot, name, look)

    def take_sync(self, batch: int, sync: Sync) -> None:
        """Take in a sync as a batch: what it covered and did not show is zero."""
        named = [row for row in sync.rows if row.conversion_type]
        self.take_file(batch, named)
        rows = {(row.campaign, row.slot): row for row in sync.rows if not row.conversion_type}
        shown = {key for key, row in rows.items() if self._is_news(row, sync.quantities)}
        for campaign in ("c1", "c2"):
            for slot in (slot for slot in SLOTS if sync.first <= slot <= sync.last):
                row = rows.get((campaign, slot))
                values = dict(zip(QUANTITIES, row.values if row else (0,) * 5, strict=True))
                for name in sync.quantities:
                    look = Look(sync.looked, batch, values[name] or 0, (campaign, slot) in shown)
                    self._look(campaign, "", slot, name, look)

    def answer(
        self, campaign: str, kind: str, slot: int, name: str, *, as_of: float | None = None, batch: int | None = None
    ) -> Look | None:
        """Return the look that holds, None when nobody looked."""
        undone = {old for old, by in self.undone.items() if batch is None or by <= batch}
        alive = [
            look
            for look in self.looks.get((campaign, kind, slot, name), ())
            if look.batch not in undone
            and (as_of is None or look.looked <= as_of)
            and (batch is None or look.batch <= batch)
        ]
        return max(alive, key=lambda look: (look.looked, look.batch), default=None)

    def measured(
        self, campaign: str, kind: str, slot: int, name: str, *, as_of: float | None = None, batch: int | None = None
    ) -> bool:
        """Return whether a row that counts said anything of this quantity."""
        undone = {old for old, by in self.undone.items() if batch is None or by <= batch}
        return any(
            look.shown
            for look in self.looks.get((campaign, kind, slot, name), ())
            if look.batch not in undone
            and (as_of is None or look.looked <= as_of)
            and (batch is None or look.batch <= batch)
        )

    def _is_news(self, row: FactRow, quantities: Collection[str]) -> bool:
        said = [(name, value) for name, value in zip(QUANTITIES, row.values, strict=True) if value is not None]
        return any(name in quantities and self._said(row, name) != value for name, value in said)

    def _said(self, row: FactRow, name: str) -> int | None:
        held = self.answer(row.campaign, row.conversion_type, row.slot, name, as_of=row.looked)
        return held.value if held is not None and held.looked == row.looked else None

    def _look(self, campaign: str, kind: str, slot: int, name: str, look: Look) -> None:
        self.looks.setdefault((campaign, kind, slot, name), []).append(look)


@dataclass(frozen=True, slots=True)
class OneLook:
    """A reader that answers with one observation."""

    observation: Observation

    def fetch_accounts(self) -> list[Account]:
        """Return the one account."""
        return [ACCOUNT]

    def fetch_observation(self, _account: Account, _since: date, _until: date, _now: datetime) -> Observation:
        """Return the observation."""
        return self.observation


@dataclass(slots=True)
class Bench:
    """A small ledger under test: batches go in by the same road as files and syncs."""

    ledger: Ledger
    batches: int = 0

    @classmethod
    def open(cls, folder: Path, engine: Engine) -> Bench:
        """Open an empty ledger in a folder."""
        return cls(Ledger(folder / "ledger", engine))

    def post(
        self, rows: Sequence[FactRow], *, covered: bool = False, accounts: Sequence[Account] = (ACCOUNT,)
    ) -> Batch:
        """Publish rows as the import of a file."""
        ledger, now = self.ledger, self._next_now()
        with open_workplace(ledger) as place, open_workbench(ledger.directory, place.staging) as con:
            con.register("incoming", facts(rows))
            with writing(ledger, place, [account.ref for account in accounts]) as held:
                draft = ingest_differences(con, ledger, place.staging, covered=covered)
                return publish_batch(ledger, held, Origin("file", "f.csv", "me", now, now), draft, accounts=accounts)

    def sync(self, sync: Sync) -> Batch:
        """Publish what a platform showed."""
        observation = Observation(facts(sync.rows), ATTRIBUTE_SCHEMA.empty_table(), (sync.coverage,))
        self._next_now()
        return sync_accounts(self.ledger, OneLook(observation), [ACCOUNT], actor="me", now=moment(sync.looked))

    def undo(self, batch: int) -> Batch:
        """Take an import back."""
        return undo_import(self.ledger, batch, actor="me", now=self._next_now())

    def compact(self, days: int = 0) -> None:
        """Write files anew, as they would be so many days later."""
        compact_ledger(self.ledger, actor="me", now=LEARNT_AT + timedelta(days=days - 40))

    def hours(
        self, *, kind: str = "", as_of: float | None = None, batch: int | None = None
    ) -> Mapping[tuple[str, int], Quantities]:
        """Return what the ledger says of each campaign's hours."""
        query = FactQuery(
            by=("campaign_id", "hour"),
            conversion_type=kind,
            as_of=None if as_of is None else moment(as_of),
            batch=batch,
        )
        start = START.replace(tzinfo=None)
        return {
            (campaign, round((hour - start) / timedelta(hours=1))): quantities
            for (campaign, hour), quantities in load_fact_table(self.ledger, query).rows()
        }

    def _next_now(self) -> datetime:
        self.batches += 1
        return LEARNT_AT + timedelta(minutes=self.batches)


def play(bench: Bench, model: Model, history: Iterable[Step]) -> list[int]:
    """Play a history on the ledger and on the model, and return the batch numbers it took."""
    batches: list[int] = []
    imported: list[int] = []
    for step in history:
        match step:
            case File(rows):
                batch = bench.post(rows).batch
                model.take_file(batch, rows)
                imported.append(batch)
            case Sync():
                batch = bench.sync(step).batch
                model.take_sync(batch, step)
            case Undo(choice):
                if not imported:
                    continue
                taken = imported.pop(choice % len(imported))
                batch = bench.undo(taken).batch
                model.undone[taken] = batch
            case Compact(days):
                bench.compact(days)
                continue
        batches.append(batch)
    return batches


def disagreements(
    bench: Bench, model: Model, *, as_of: float | None = None, batch: int | None = None
) -> list[tuple[object, ...]]:
    """Return where ledger and model answer differently: slot, quantity, ledger, model."""
    found: list[tuple[object, ...]] = []
    for kind in ("", "lead"):
        table = bench.hours(kind=kind, as_of=as_of, batch=batch)
        for campaign in ("c1", "c2"):
            for slot in SLOTS:
                said = table.get((campaign, slot), Quantities())
                for name in QUANTITIES:
                    held = model.answer(campaign, kind, slot, name, as_of=as_of, batch=batch)
                    shown = model.measured(campaign, kind, slot, name, as_of=as_of, batch=batch)
                    value = getattr(said, name)
                    expected = held and held.value
                    if value != expected and (value, expected, shown) != (None, 0, False):
                        found.append((as_of, batch, campaign, kind, slot, name, value, expected))
    return found
