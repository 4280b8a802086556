"""Campaigns as rules see them, written down in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from adtempo.budgets.columns import AdGroups, Pace, Standing, Window
from adtempo.budgets.decide import recommend_choice
from adtempo.budgets.reasons import Explainer
from adtempo.budgets.rules.base import Over, Rule
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.budgets import Evaluation
from adtempo.domain.campaigns import Campaign
from adtempo.domain.panels import Expected, FactTable, MaturedTable

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MICROS = 1_000_000

Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Seen:
    """Figures of one window; amounts in major units. Final ones: expected, and the 80% interval's two ends."""

    impressions: int | None = 10_000
    clicks: int | None = 150
    spend: float | None = 100.0
    conversions: float | None = 10.0
    value: float | None = 200.0
    conversions_final: Interval | None = None
    value_final: Interval | None = None


@dataclass(frozen=True)
class Told:
    """One campaign: what it may spend, how it stands, and what was seen of it."""

    budget: float = 200.0
    seen: Seen = Seen()
    more: Mapping[int, Seen] = field(default_factory=dict)
    status: str = "ACTIVE"
    name: str | None = None
    label: str | None = None
    target_roas: float | None = None
    target_cpa: float | None = None
    platform: str = "meta"
    currency: str = "USD"
    pace: Interval | None = None


def window(seen: Sequence[Seen], closed: Sequence[bool] | None = None) -> Window:
    """Return the columns of one window."""
    quantities = {
        "impressions": [one.impressions for one in seen],
        "clicks": [one.clicks for one in seen],
        "spend_micros": [_micros(one.spend) for one in seen],
        "conversions_micros": [_micros(one.conversions) for one in seen],
        "conversion_value_micros": [_micros(one.value) for one in seen],
    }
    facts = FactTable(
        {},
        {name: np.array([given or 0 for given in column], np.int64) for name, column in quantities.items()},
        {name: np.array([given is not None for given in column], bool) for name, column in quantities.items()},
    )
    counts = [one.conversions_final or _certain(one.conversions) for one in seen]
    values = [one.value_final or _certain(one.value) for one in seen]
    return Window(
        MaturedTable(facts, expected(counts), expected(values)), np.array(closed or [False] * len(seen), bool)
    )


def expected(finals: Sequence[Interval]) -> Expected:
    """Return expectations with normal intervals around their points."""
    value, low, high = (np.array([final[place] for final in finals], np.float64) for place in range(3))
    wider = 1.959963984540054 / 1.2815515655446004
    low95, high95 = value - wider * (value - low), value + wider * (high - value)
    return Expected(value, low, high, low95, high95, np.ones(len(finals)), np.full(len(finals), "own", object))


def standing(*told: Told, rule: Rule | None = None) -> Standing:
    """Return campaigns as columns."""
    hours = rule.window_hours if rule else 24
    lengths = {hours, *(length for one in told for length in one.more)}
    windows = {(Over.CAMPAIGN, length): window([one.more.get(length, one.seen) for one in told]) for length in lengths}
    paces = [one.pace or (float("nan"),) * 3 for one in told]
    return Standing(
        at=NOW,
        batch=1,
        campaigns=[_campaign(number, one) for number, one in enumerate(told, start=1)],
        currencies=[one.currency for one in told],
        budget_micros=np.array([_micros(one.budget) for one in told], np.int64),
        active=np.array([one.status == "ACTIVE" for one in told], bool),
        windows=windows,
        groups={Over.CAMPAIGN: np.arange(len(told))},
        paces={Over.CAMPAIGN: Pace(*(np.array([pace[place] for pace in paces], np.float64) for place in range(3)))},
    )


def with_ad_groups(columns: Standing, **seen: Sequence[Seen]) -> Standing:
    """Give campaigns ad groups: by the campaign's id, what was seen of each."""
    ids = [one.ref.campaign_id for one in columns.campaigns]
    of = [ids.index(name) for name, groups in seen.items() for _ in groups]
    each = standing(*(Told(seen=one) for groups in seen.values() for one in groups))
    return replace(columns, ad_groups=AdGroups(np.array(of, np.int64), each))


def evaluate(rule: Rule, *told: Told) -> list[Evaluation]:
    """Hold a rule against campaigns."""
    columns = standing(*told, rule=rule)
    return Explainer(recommend_choice(rule, columns, np.arange(len(told))), columns).evaluations()


def _campaign(number: int, told: Told) -> Campaign:
    return Campaign(
        CampaignRef(told.platform, "a1", f"c{number}"),
        NOW,
        name=told.name,
        status=told.status,
        budget_daily_micros=_micros(told.budget),
        label=told.label,
        target_roas=told.target_roas,
        target_cpa_micros=_micros(told.target_cpa),
    )


def _micros(amount: float | None) -> int | None:
    return None if amount is None else round(amount * MICROS)


def _certain(amount: float | None) -> Interval:
    return (float("nan"),) * 3 if amount is None else (amount, amount, amount)
