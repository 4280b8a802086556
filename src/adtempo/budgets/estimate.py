"""What is true of campaigns: how likely each row of a rule holds, on what was reported and on what it will come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from adtempo.budgets.columns import Bools, Floats, Ints, Standing, Window
from adtempo.budgets.rules.base import Over, Row, Rule, shown_over
from adtempo.budgets.rules.conditions import (
    COMPARABLE,
    PACE,
    TARGETS,
    AllOf,
    Bound,
    Comparison,
    Condition,
    late_quantity_of,
)
from adtempo.domain.metrics import METRICS
from adtempo.stats.quantiles import chance_above

SHOWN = tuple(metric for metric in METRICS if metric.name in COMPARABLE)
"""The metrics that an evaluation keeps."""

_LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
_TO_95 = 1.959963984540054 / 1.2815515655446004
"""How much wider a normal number's 95% interval is than its 80% interval."""

_MICRO = 1e6
_SIGNS = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}
_ANY = Bound(0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """Between which bounds the probability of something lies, shape (campaigns,); 0 to 1 where nothing is known.

    Two parts of a condition may hang together in ways that nobody has measured; what they come to lies between the
    bounds of Fréchet, and a rule acts on the lower one.

    References:
        Fréchet, M. (1935). Généralisations du théorème des probabilités totales. Fundamenta Mathematicae 25.
    """

    low: Floats
    high: Floats

    @classmethod
    def of(cls, probability: Floats) -> Chance:
        """Return a probability that is known; NaN where it is not."""
        unknown = np.isnan(probability)
        return cls(np.where(unknown, 0.0, probability), np.where(unknown, 1.0, probability))

    @property
    def unknown(self) -> Bools:
        """Where nothing at all can be said."""
        return np.asarray((self.low == 0) & (self.high == 1))


@dataclass(frozen=True, eq=False)
class Found:
    """How likely one row of a rule holds for some campaigns, each side worked out when it is first read.

    Attributes:
        row: The row.
        rule: Its rule, for the window and for whose figures are read.
        standing: How all campaigns stand.
        where: Which of them, shape (chosen,).
    """

    row: Row
    rule: Rule
    standing: Standing
    where: Ints

    @cached_property
    def expected(self) -> Chance:
        """On what the figures will come to."""
        return _estimate_row(self.row, self.rule, self.standing, self.where, expected=True)

    @cached_property
    def reported(self) -> Chance:
        """On what was reported so far: 0 or 1, or unknown."""
        return _estimate_row(self.row, self.rule, self.standing, self.where, expected=False)


def _estimate_row(row: Row, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Chance:
    """Say how likely a row holds; over ad groups, how likely for every one that was shown: of none, nobody can say."""
    if rule.over is not Over.AD_GROUP:
        return _chance(row.when, rule, standing, where, expected=expected)
    low, high = np.zeros(len(where)), np.ones(len(where))
    if standing.ad_groups is None:
        return Chance(low, high)
    of, each, alone = standing.ad_groups.campaign, standing.ad_groups.standing, replace(rule, over=Over.CAMPAIGN)
    shown = estimate_values("impressions", alone, each, np.arange(len(of)), expected=False) > 0
    place = np.full(len(standing), -1)
    place[where] = np.arange(len(where))
    asked = np.flatnonzero(shown & (place[of] >= 0))
    chance, into = _chance(row.when, alone, each, asked, expected=expected), place[of[asked]]
    lacking = np.bincount(into, 1 - chance.low, len(where))
    np.minimum.at(high, into, chance.high)
    some = np.bincount(into, minlength=len(where)) > 0
    return Chance(np.where(some, np.maximum(1 - lacking, 0.0), 0.0), high)


def estimate_values(name: str, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Floats:
    """Return one metric over a rule's own window, in its unit, shape (chosen,); NaN where there is none."""
    return estimate_compared(Comparison(name, ">", _ANY), rule, standing, where, expected=expected)


def _chance(condition: Condition, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Chance:
    if isinstance(condition, Comparison):
        return Chance.of(_compare(condition, rule, standing, where, expected=expected))
    parts = [_chance(part, rule, standing, where, expected=expected) for part in condition.parts]
    low, high = np.stack([part.low for part in parts]), np.stack([part.high for part in parts])
    if isinstance(condition, AllOf):
        return Chance(np.maximum(low.sum(axis=0) - (len(parts) - 1), 0.0), high.min(axis=0))
    return Chance(low.max(axis=0), np.minimum(high.sum(axis=0), 1.0))


def _compare(one: Comparison, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Floats:
    """Return the probability of one comparison; 0 or 1 of what was reported, NaN where there is no value."""
    limit = estimate_bound(one, rule, standing, where, expected=expected)
    if expected and one.metric == PACE.name:
        pace, rows = standing.paces[shown_over(rule)], _rows(rule, standing, where)
        low, high = pace.low80[rows], pace.high80[rows]
        middle = pace.value[rows]
        ends = [middle - _TO_95 * (middle - low), low, middle, high, middle + _TO_95 * (high - middle)]
        return _signed(one.sign, chance_above(list(ends), _LEVELS, limit), np.asarray(low == high), middle, limit)
    if expected and (late := late_quantity_of(COMPARABLE[one.metric])):
        return _compare_late(one, late, limit, _window(one.window_hours, rule, standing), _rows(rule, standing, where))
    return _exact(one.sign, estimate_compared(one, rule, standing, where, expected=expected), limit)


def estimate_bound(one: Comparison, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Floats:
    """Return the right side of a comparison, in the metric's unit; NaN where it has no value.

    A bound that is itself still arriving is taken at its expected value.
    """
    bound = one.bound
    if bound.of is None:
        return np.full(len(where), bound.amount)
    if bound.of in TARGETS:
        name = "target_roas" if bound.of == "target_roas" else "target_cpa_micros"
        stated = [getattr(standing.campaigns[place], name) for place in where]
        return bound.amount * np.array([np.nan if target is None else target for target in stated], np.float64)
    other = Comparison(bound.of, one.sign, _ANY, bound.window_hours)
    return bound.amount * estimate_compared(other, rule, standing, where, expected=expected)


def estimate_compared(one: Comparison, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Floats:
    """Return the left side of a comparison over its own window, in the metric's unit; NaN where it has no value."""
    metric = COMPARABLE[one.metric]
    rows = _rows(rule, standing, where)
    if metric is PACE:
        return standing.paces[shown_over(rule)].value[rows]
    window = _window(one.window_hours, rule, standing)
    facts = window.matured.facts
    late = late_quantity_of(metric)
    if not expected or late is None:
        return window.reported(metric)[rows]
    final = window.expected(late).value[rows] * _MICRO
    scale = float(metric.scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric.numerator != late:
            return np.where(final > 0, facts.sums[metric.numerator][rows] * scale / final, np.nan)
        if metric.denominator is None:
            return final * scale
        below = facts.sums[metric.denominator][rows]
        known = facts.measured[metric.denominator][rows] & (below > 0)
        return np.where(known, final * scale / below, np.nan)


def _compare_late(one: Comparison, late: str, limit: Floats, window: Window, rows: Ints) -> Floats:
    """Return the probability of a comparison whose metric is still arriving: what must arrive for it to hold."""
    metric = COMPARABLE[one.metric]
    facts = window.matured.facts
    scale = float(metric.scale)
    sign = one.sign
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric.numerator == late:
            other = np.ones(len(rows)) if metric.denominator is None else facts.sums[metric.denominator][rows] * 1.0
            needed = limit * other / scale / _MICRO
        else:
            # Cost per result: the dearer, the fewer have come, so the sign turns round.
            other = facts.sums[metric.numerator][rows] * 1.0
            needed = np.where(limit > 0, other * scale / limit / _MICRO, np.nan)
            sign = sign.translate(str.maketrans("<>", "><"))
    apart = metric.denominator if metric.numerator == late else metric.numerator
    known = np.ones(len(rows), bool) if apart is None else facts.measured[apart][rows] & (other > 0)
    ends = window.quantiles(late)[:, rows]
    above = chance_above(ends, _LEVELS, np.where(known, needed, np.nan))
    return _signed(sign, above, np.asarray(ends[0] == ends[-1]), ends[0], needed)


def _signed(sign: str, above: Floats, certain: Bools, value: Floats, limit: Floats) -> Floats:
    """Turn the probability of lying above into that of a comparison; what is certain is compared exactly."""
    probability = above if sign[0] == ">" else 1 - above
    return np.where(certain & ~np.isnan(above), _exact(sign, value, limit), probability)


def _exact(sign: str, values: Floats, limit: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        holds = _SIGNS[sign](values, limit)
    return np.where(np.isnan(values) | np.isnan(limit), np.nan, holds.astype(np.float64))


def _window(hours: int | None, rule: Rule, standing: Standing) -> Window:
    return standing.windows[shown_over(rule), hours or rule.window_hours]


def _rows(rule: Rule, standing: Standing, where: Ints) -> Ints:
    return np.asarray(standing.groups[shown_over(rule)][where])
