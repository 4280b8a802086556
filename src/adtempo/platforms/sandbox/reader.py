"""Reads the sandbox market as an ad platform's reporting would show it at a given moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, Grain, Level
from adtempo.domain.panels import QUANTITIES
from adtempo.platforms.base import ATTRIBUTE_SCHEMA, FACT_SCHEMA, Coverage, Observation
from adtempo.platforms.sandbox.clock import Clock, from_us, to_us
from adtempo.platforms.sandbox.draws import Ints
from adtempo.platforms.sandbox.edits import ACTIVE, Field
from adtempo.platforms.sandbox.market import Market, open_market
from adtempo.platforms.sandbox.spec import AccountSpec, CampaignSpec
from adtempo.platforms.sandbox.world import Edits, World

_MICROS = 1_000_000
_HOURLY_ALWAYS = QUANTITIES[:3]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The part of an account's calendar that one look can see.

    Attributes:
        first_day: First day of the world looked at.
        end_day: First day not looked at.
        first_hour: First hour of these days.
        end_hour: First hour that has not begun yet, or is not looked at.
    """

    first_day: int
    end_day: int
    first_hour: int
    end_hour: int

    @classmethod
    def seen(cls, clock: Clock, since: date, until: date, now: datetime) -> Window:
        """Return what local days since..until show at a moment; nothing that has not begun."""
        begun = int(np.searchsorted(clock.starts_us, to_us(now), side="right"))
        first_day = min(max((since - clock.start).days, 0), clock.days)
        end_day = max(min((until - clock.start).days + 1, clock.days), first_day)
        first_hour = int(clock.day_starts[first_day])
        end_hour = max(min(int(clock.day_starts[end_day]), begun), first_hour)
        if end_hour > first_hour:
            end_day = int(clock.day[end_hour - 1]) + 1
        return cls(first_day, end_day if end_hour > first_hour else first_day, first_hour, end_hour)

    def __bool__(self) -> bool:
        return self.end_hour > self.first_hour


class SandboxReader:
    """The sandbox market's reporting."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def fetch_accounts(self) -> list[Account]:
        """Return the market's accounts."""
        return [account.account for account in self._market.world.spec.accounts]

    def fetch_observation(self, account: Account, since: date, until: date, now: datetime) -> Observation:
        """Return all facts of local days since..until (inclusive) as the market shows them at `now`.

        Raises:
            NotFound: The market has no such account.
        """
        world = self._market.world
        spec = world.account(account.ref)
        clock = world.clock(spec)
        window = Window.seen(clock, since, until, now)
        edits = self._market.load_edits(account.ref)
        attributes = pa.Table.from_pylist(list(_attributes(spec, clock, edits, since, now)), schema=ATTRIBUTE_SCHEMA)
        if not window:
            return Observation(FACT_SCHEMA.empty_table(), attributes, ())
        facts = _facts(world, spec, edits, window, now)
        return Observation(facts, attributes, tuple(_coverage(spec, clock, window, now)))


def open_sandbox_reader(folder: Path) -> SandboxReader:
    """Open the reader of the market in a folder."""
    return SandboxReader(open_market(folder))


def _facts(world: World, account: AccountSpec, edits: dict[str, Edits], window: Window, now: datetime) -> pa.Table:
    clock = world.clock(account)
    offsets = clock.day_starts[window.first_day : window.end_day] - window.first_hour
    hourly, daily, by_ad = [], [], []
    for campaign in account.campaigns:
        play = world.play(account.campaign_ref(campaign), edits.get(campaign.campaign_id, ()))
        seen = play.counts_at(to_us(now), window.first_hour, window.end_hour)
        hours = np.stack(
            [
                seen.impressions,
                seen.clicks,
                seen.spend_micros,
                seen.conversions * _MICROS,
                seen.conversion_value_micros,
            ]
        )
        days = np.add.reduceat(hours, offsets, axis=1)
        hourly.append(hours.sum(axis=2, keepdims=True))
        daily.append(days.sum(axis=2, keepdims=True))
        by_ad.append(days)
    of_campaigns = [(campaign, None) for campaign in account.campaigns]
    of_ads = [(campaign, position) for campaign in account.campaigns for position in range(len(campaign.ads))]
    sheet = _Sheet(account, clock, window, now)
    return pa.concat_tables(
        [
            sheet.table(Level.CAMPAIGN, Grain.HOUR, of_campaigns, np.concatenate(hourly, axis=2)),
            sheet.table(Level.CAMPAIGN, Grain.DAY, of_campaigns, np.concatenate(daily, axis=2)),
            sheet.table(Level.AD, Grain.DAY, of_ads, np.concatenate(by_ad, axis=2)),
        ]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Writes numbers of one look as fact rows."""

    account: AccountSpec
    clock: Clock
    window: Window
    now: datetime

    def table(
        self, level: Level, grain: Grain, entities: Sequence[tuple[CampaignSpec, int | None]], numbers: Ints
    ) -> pa.Table:
        """Return the rows of one level and grain; slots without delivery have none.

        Args:
            level: Whose numbers.
            grain: How long a slot is.
            entities: Campaign and, for ads, position of the ad.
            numbers: In the order of QUANTITIES, shape (quantities, slots, entities).
        """
        by_entity = numbers.transpose(0, 2, 1).reshape(len(QUANTITIES), -1)
        delivered = np.flatnonzero(by_entity.any(axis=0))
        who, slot = np.divmod(delivered, numbers.shape[1])
        values = dict(zip(QUANTITIES, by_entity.take(delivered, axis=1), strict=True))
        rows = len(slot)
        day = slot + self.window.first_day if grain is Grain.DAY else self.clock.day[slot + self.window.first_hour]
        dates = np.datetime64(self.clock.start, "D") + day
        nothing, texts = pa.nulls(rows, pa.int64()), pa.nulls(rows, pa.string())
        columns: dict[str, pa.Array] = {
            "platform": _same(self.account.platform, rows),
            "account_id": _same(self.account.account_id, rows),
            "level": _same(level.value, rows),
            "campaign_id": _pick([campaign.campaign_id for campaign, _ in entities], who),
            "ad_group_id": texts,
            "ad_id": _pick([None if ad is None else campaign.ads[ad].ad_id for campaign, ad in entities], who),
            "creative_id": _pick(
                [None if ad is None else campaign.ads[ad].creative_id for campaign, ad in entities], who
            ),
            "grain": _same(grain.value, rows),
            "day_local": pa.array(dates),
            "attribution": _pick([era.attribution for era in self.account.eras], _era_of(self.account, day)),
            "conversion_type": _same("", rows),
            "observed_at": pa.repeat(pa.scalar(_naive(self.now), pa.timestamp("us")), rows),
            "reach": nothing,
            **{name: pa.array(amounts) for name, amounts in values.items()},
        }
        if grain is Grain.HOUR:
            hour = slot + self.window.first_hour
            columns["slot"] = pa.array(self.clock.starts_us[hour]).cast(pa.timestamp("us"))
            columns["hour_of_week"] = pa.array(self.clock.hour_of_week[hour].astype(np.int16))
            if not self.account.hourly_conversions:
                columns["conversions_micros"] = columns["conversion_value_micros"] = nothing
        else:
            columns["slot"] = pa.array(dates.astype("datetime64[us]"))
            columns["hour_of_week"] = pa.nulls(rows, pa.int16())
            if self.account.reports_reach:
                audience = np.array([campaign.audience for campaign, _ in entities])[who]
                columns["reach"] = pa.array(_reach(values["impressions"], audience))
        return pa.Table.from_arrays([columns[name] for name in FACT_SCHEMA.names], schema=FACT_SCHEMA)


def _same(text: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), rows)


def _pick(texts: list[str] | list[str | None], index: Ints) -> pa.Array:
    return pa.array(texts, pa.string()).take(pa.array(index))


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _era_of(account: AccountSpec, day: Ints) -> NDArray[np.intp]:
    return np.searchsorted([era.from_day for era in account.eras], day, side="right") - 1


def _reach(impressions: Ints, audience: Ints) -> Ints:
    """Return different people seen when impressions fall on an audience at random, rounded up."""
    return np.ceil(-audience * np.expm1(-impressions / audience)).astype(np.int64)


def _attributes(
    account: AccountSpec, clock: Clock, edits: dict[str, Edits], since: date, now: datetime
) -> Iterator[dict[str, object]]:
    """Yield what held when the look's first day began, and every change since then."""
    begin = from_us(clock.starts_us[0])
    first_day = min(max((since - clock.start).days, 0), clock.days - 1)
    opening = from_us(clock.starts_us[clock.day_starts[first_day]])
    if now < begin:
        return
    for campaign in account.campaigns:
        row = {
            "platform": account.platform,
            "account_id": account.account_id,
            "level": Level.CAMPAIGN.value,
            "campaign_id": campaign.campaign_id,
            "entity_id": campaign.campaign_id,
            "observed_at": _naive(now),
        }
        told = [("name", campaign.name, begin)]
        if campaign.niche:
            told.append(("niche", campaign.niche, begin))
        made = [edit for edit in edits.get(campaign.campaign_id, ()) if edit.at <= now]
        for field, initial in ((Field.STATUS, ACTIVE), (Field.BUDGET, str(campaign.budget_daily_micros))):
            history = [(begin, initial), *((edit.at, edit.new) for edit in made if edit.field is field)]
            told += [(field.value, new, at) for at, new in _from(history, opening)]
        for attribute, value, at in told:
            yield {**row, "attribute": attribute, "value": value, "effective_at": _naive(at)}


def _from(history: list[tuple[datetime, str]], opening: datetime) -> list[tuple[datetime, str]]:
    """Return the value in force at a moment and everything later."""
    before = sum(at <= opening for at, _ in history)
    return history[max(before - 1, 0) :]


def _coverage(account: AccountSpec, clock: Clock, window: Window, now: datetime) -> Iterator[Coverage]:
    hourly = QUANTITIES if account.hourly_conversions else _HOURLY_ALWAYS
    ends = [*(era.from_day for era in account.eras[1:]), clock.days]
    for era, era_end in zip(account.eras, ends, strict=True):
        first_day, end_day = max(era.from_day, window.first_day), min(era_end, window.end_day)
        if first_day >= end_day:
            continue
        end_hour = min(int(clock.day_starts[end_day]), window.end_hour)
        hours = (
            _naive(from_us(clock.starts_us[clock.day_starts[first_day]])),
            _naive(from_us(clock.starts_us[end_hour - 1])) + timedelta(hours=1),
        )
        midnight = datetime.combine(clock.start, datetime.min.time())
        days = (midnight + timedelta(days=first_day), midnight + timedelta(days=end_day))
        for level, grain, (slot_from, slot_to), quantities in (
            (Level.CAMPAIGN, Grain.HOUR, hours, hourly),
            (Level.CAMPAIGN, Grain.DAY, days, QUANTITIES),
            (Level.AD, Grain.DAY, days, QUANTITIES),
        ):
            yield Coverage(account.ref, level, grain, era.attribution, slot_from, slot_to, quantities, now)
