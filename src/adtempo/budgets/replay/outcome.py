"""What a replay comes to: money spent and brought, with how sure that is, against what really was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.budgets.replay.course import Fired
from adtempo.budgets.replay.response import Draws
from adtempo.domain.proposals import BudgetAction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JUDGED_DAYS = 7
"""Days from a pause on in which a campaign shows whether it deserved it."""

_LEVELS = (2.5, 10.0, 90.0, 97.5)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What really was, as it is known now; amounts in major units of each campaign's currency.

    Attributes:
        spend: Of each campaign and local day, shape (campaigns, days).
        value: What it brought in the end, or will have brought, the same shape.
        deviation: Standard deviation of that where it is still arriving, the same shape.
        spend_by_hour: Shape (campaigns, hours of the replay).
        value_by_hour: The same.
        deviation_by_hour: The same; errors of an account go together.
        hour_day: Place of each hour's day among those of the replay (UTC), shape (hours,).
        account: Place of each campaign's account, shape (campaigns,).
        currency: Of each campaign.
    """

    spend: Floats
    value: Floats
    deviation: Floats
    spend_by_hour: Floats
    value_by_hour: Floats
    deviation_by_hour: Floats
    hour_day: Ints
    account: Ints
    currency: Sequence[str]


@dataclass(frozen=True, slots=True)
class Likely:
    """A figure with its 80% and 95% intervals."""

    value: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """What one course comes to in one currency.

    Attributes:
        currency: ISO 4217 code.
        spend: What it spends, as really spent where budgets were as they were.
        value: What that brings in the end.
        net: Value less spend.
        more_spend: Against doing nothing.
        more_value: Against doing nothing.
        more_net: Against doing nothing.
        better: Probability that value less spend is higher than by doing nothing; None where nothing differs.
        net_by_day: More value less spend than by doing nothing since the beginning, as low95, expected, high95 of each
            day, shape (3, days).
    """

    currency: str
    spend: float
    value: Likely
    net: Likely
    more_spend: float
    more_value: Likely
    more_net: Likely
    better: float | None
    net_by_day: Floats


@dataclass(frozen=True, slots=True)
class Pauses:
    """Whether pauses were deserved, by what campaigns really did in the days after, left running.

    Attributes:
        made: How many.
        judged: Of how many the days after are known and had spend.
        met_target: How many of those met their target.
    """

    made: int
    judged: int
    met_target: int


def estimate_money(
    truth: Truth, spend_times: Floats | None, draws: Draws | None, rng: np.random.Generator
) -> list[Money]:
    """Return what a course comes to, one per currency.

    Args:
        truth: What really was.
        spend_times: How many times what was really spent each campaign spends in each hour, shape (campaigns, hours);
            None for as it was.
        draws: Worlds that may be true; None where nothing is fed back.
        rng: Where chance comes from; the same state for every course, so that they are compared in the same worlds.
    """
    count = 1 if draws is None else draws.shape.shape[1]
    late = rng.standard_normal((int(truth.account.max(initial=-1)) + 1, max(count, 400)))
    days = int(truth.hour_day.max(initial=-1)) + 1
    found = []
    for currency in sorted(set(truth.currency)):
        members = [place for place, one in enumerate(truth.currency) if one == currency]
        base, value = (np.zeros((days, late.shape[1])) for _ in range(2))
        more_spend = np.zeros(days)
        for place in members:
            times = np.ones(len(truth.hour_day)) if spend_times is None else spend_times[place]
            levels, which = np.unique(times, return_inverse=True)
            amounts, doubts = np.zeros((2, days, len(levels)))
            np.add.at(amounts, (truth.hour_day, which), truth.value_by_hour[place])
            np.add.at(doubts, (truth.hour_day, which), truth.deviation_by_hour[place])
            volume = levels[:, None] if draws is None else draws.volume(place, levels)
            volume = np.where(levels[:, None] == 1, 1.0, volume) * np.ones((1, late.shape[1]))
            drawn = late[truth.account[place]]
            base += amounts.sum(axis=1)[:, None] + doubts.sum(axis=1)[:, None] * drawn
            value += amounts @ volume + (doubts @ volume) * drawn
            np.add.at(more_spend, truth.hour_day, truth.spend_by_hour[place] * (times - 1))
        spent = float(truth.spend_by_hour[members].sum())
        found.append(_money(currency, spent, more_spend, value, base))
    return found


def judge_pauses(fired: Sequence[Fired], truth: Truth, days: Mapping[int, tuple[int, int]]) -> Pauses:
    """Say how many pauses hit campaigns that later met their target.

    Args:
        fired: What a course changed.
        truth: What really was.
        days: By place in `fired`: the first day after which a campaign is judged and the one before which, as places;
            only of pauses whose days after are all known.
    """
    judged = met = made = 0
    for place, one in enumerate(fired):
        if one.action is not BudgetAction.PAUSE:
            continue
        made += 1
        first, end = days.get(place, (0, 0))
        spend = float(truth.spend[one.place, first:end].sum())
        if spend > 0:
            judged += 1
            met += float(truth.value[one.place, first:end].sum()) >= one.target_roas * spend
    return Pauses(made, judged, met)


def _money(currency: str, spent: float, more_spend: Floats, value: Floats, base: Floats) -> Money:
    more_by_day = (value - base - more_spend[:, None]).cumsum(axis=0)
    more = value.sum(axis=0) - base.sum(axis=0)
    total = value.sum(axis=0)
    spend = spent + float(more_spend.sum())
    net = more - more_spend.sum()
    low, high = np.percentile(more_by_day, [_LEVELS[0], _LEVELS[3]], axis=1)
    return Money(
        currency=currency,
        spend=spend,
        value=_likely(total),
        net=_likely(total - spend),
        more_spend=float(more_spend.sum()),
        more_value=_likely(more),
        more_net=_likely(net),
        better=float((net > 0).mean()) if net.any() else None,
        net_by_day=np.stack([low, more_by_day.mean(axis=1), high]),
    )


def _likely(drawn: Floats) -> Likely:
    low95, low80, high80, high95 = np.percentile(drawn, _LEVELS)
    return Likely(float(drawn.mean()), float(low80), float(high80), float(low95), float(high95))
