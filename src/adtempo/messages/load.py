"""What is known of a page, read from the database into the arrays that decisions are made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import log
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from adtempo.domain.hourweek import DAYS_PER_WEEK, day_bounds
from adtempo.domain.messages import CaptionBank, Ints, MessageHistory, MessageType, PriceTier, Texts
from adtempo.domain.predictions import Scope
from adtempo.messages.decide import PageConditions
from adtempo.messages.slots import Slot
from adtempo.store import messages as stored
from adtempo.store import page_schedules as planned
from adtempo.store.messages import Caption, Page, SentMessage
from adtempo.store.predictions import list_predictions

MODEL = "messages"
"""Under this name plans stand in the ledger of predictions."""

NEAR = timedelta(days=1)
"""Gaps are kept to messages so far outside the week."""

PLANS = 26
"""So many past plans of a page say how far its plans miss."""


@dataclass(frozen=True)
class Bank:
    """The bank of captions as it was at one version.

    Attributes:
        version: Changes whenever the bank does.
        captions: Every caption, by id.
    """

    version: tuple[int, int]
    captions: Mapping[str, Caption]

    def of_page(self, page_name: str) -> CaptionBank:
        """Return the captions that a page may use: those for every page and its own, in the order of their ids."""
        numbers, owner = self._owners
        return self._whole.only((owner == 0) | (owner == numbers.get(page_name)))

    @cached_property
    def _whole(self) -> CaptionBank:
        every = self.captions.values()
        return CaptionBank.of(
            _texts([one.caption_id for one in every]),
            [one.price_tier for one in every],
            _texts([one.content_category for one in every]),
            np.array([one.has_urgency for one in every], dtype=bool),
        )

    @cached_property
    def _owners(self) -> tuple[Mapping[str, int], Ints]:
        """Return pages by number, and the number of each caption's page; 0 is that of captions for every page."""
        numbers: dict[str | None, int] = {None: 0}
        owner = [numbers.setdefault(one.page_name, len(numbers)) for one in self.captions.values()]
        return {name: number for name, number in numbers.items() if name is not None}, np.array(owner, dtype=np.int64)


def load_bank(connection: Connection, known: Bank | None = None) -> Bank:
    """Return the bank of captions; `known` itself where nothing has changed since."""
    version = stored.load_bank_version(connection)
    if known is not None and known.version == version:
        return known
    return Bank(version, {one.caption_id: one for one in stored.load_captions(connection)})


def load_history(connection: Connection, page: Page, bank: Bank, now: datetime) -> MessageHistory:
    """Return what a page sent, as known now; a caption that the bank has lost is of no category and a usual price."""
    return _history(page, stored.load_messages(connection, page.page_name, as_of=now), bank)


def load_conditions(
    connection: Connection, page: Page, bank: Bank, start: date, now: datetime, replaced: Collection[str]
) -> PageConditions:
    """Return what a page's week is planned from.

    Args:
        connection: A snapshot.
        start: First local day of the week.
        replaced: Schedules that the new one takes the place of: what they hold ahead is free.
    """
    zone, rest = ZoneInfo(page.timezone), timedelta(days=page.rest_days)
    begins, ends = day_bounds(start, zone)[0], day_bounds(start + timedelta(days=DAYS_PER_WEEK - 1), zone)[1]
    history = load_history(connection, page, bank, now)
    sent = stored.load_last_sent(connection, page.page_name, since=begins - rest)
    free_at = {caption: last + rest for caption, last in sent.items()}
    for lock in planned.load_locks(connection, page_names=[page.page_name], after=now):
        if lock.schedule_id not in replaced or lock.scheduled_send_time <= now:
            free_at[lock.caption_id] = max(lock.expires_at, free_at.get(lock.caption_id, lock.expires_at))
    return PageConditions(
        zone=zone,
        hours=frozenset(page.hours),
        quiet_days=frozenset(page.quiet_days),
        history=history,
        bank=bank.of_page(page.page_name),
        free_at=free_at,
        around=_around(connection, history, now, (begins, ends), replaced),
        misses=_misses(connection, page.page_name),
    )


def _misses(connection: Connection, page_name: str) -> tuple[float, ...]:
    track = list_predictions(connection, scope=Scope("other", page_name=page_name), model=MODEL, limit=PLANS)
    real = [(one.comparison.actual.value or 0.0, one.prediction.value) for one in track if one.comparison is not None]
    return tuple(log(actual / planned) for actual, planned in real if actual > 0 and planned > 0)


def _around(
    connection: Connection,
    history: MessageHistory,
    now: datetime,
    week: tuple[datetime, datetime],
    replaced: Collection[str],
) -> tuple[Slot, ...]:
    """Return the messages shortly before and after a week, and all that other schedules plan until then."""
    begins, ends = week
    slots = {
        Slot(one.scheduled_send_time, MessageType(one.message_type))
        for one in planned.load_scheduled(
            connection, history.page_name, since=min(now, begins - NEAR), until=ends + NEAR, without=replaced
        )
    }
    lately = history.sent_at >= np.datetime64((begins - NEAR).replace(tzinfo=None), "us")
    for moment, paid in zip(history.sent_at[lately].tolist(), history.paid[lately], strict=True):
        slots.add(Slot(moment.replace(tzinfo=begins.tzinfo), MessageType.PPV if paid else MessageType.BUMP))
    return tuple(sorted(slots))


def _history(page: Page, messages: Sequence[SentMessage], bank: Bank) -> MessageHistory:
    paid = [one.message_type == MessageType.PPV for one in messages]
    known = [bank.captions.get(one.caption_id) for one in messages]
    usual = {True: PriceTier.MID.value, False: PriceTier.FREE.value}
    naive = [one.sent_at.replace(tzinfo=None) for one in messages]
    counts = {
        name: np.array([getattr(one, name) for one in messages], dtype=np.int64)
        for name in ("price_micros", "recipients", "views", "purchases", "revenue_micros")
    }
    return MessageHistory(
        page_name=page.page_name,
        timezone=page.timezone,
        sent_at=np.array(naive, dtype="datetime64[us]"),
        paid=np.array(paid, dtype=bool),
        caption_id=_texts([one.caption_id for one in messages]),
        price_tier=_texts([c.price_tier if c else usual[p] for c, p in zip(known, paid, strict=True)]),
        content_category=_texts([c.content_category if c else "" for c in known]),
        **counts,
    )


def _texts(values: Sequence[str]) -> Texts:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
