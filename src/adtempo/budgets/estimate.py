"""What is true of campaigns: how likely each row of a rule holds, on what was reported and on what it will come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
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
    comparisons_of,
    late_quantity_of,
)
from adtempo.domain.budgets import Basis
from adtempo.domain.metrics import METRICS, Metric
from adtempo.stats.quantiles import chance_above

SHOWN = tuple(metric for metric in METRICS if metric.name in COMPARABLE)
"""The metrics that an evaluation keeps."""

_LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
_TO_95 = 1.959963984540054 / 1.2815515655446004
"""How much wider a normal number's 95% interval is than its 80% interval."""

_MICRO = 1e6
_SIGNS = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}
_TURNED = str.maketrans("<>", "><")
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

    @property
    def unknown(self) -> Bools:
        """Where nothing at all can be said."""
        return np.asarray((self.low == 0) & (self.high == 1))


@dataclass(frozen=True, eq=False)
class Found:
    """How likely the rows of a rule hold for some campaigns, each side worked out when it is first read.

    Attributes:
        rows: The rows.
        rule: Their rule, for the window and for whose figures are read.
        standing: How all campaigns stand.
        where: Which of them, shape (chosen,).
    """

    rows: Sequence[Row]
    rule: Rule
    standing: Standing
    where: Ints

    @property
    def chances(self) -> list[Chance]:
        """Of each row, on the rule's basis."""
        return self._doubted if self.rule.basis is Basis.EXPECTED else self.reported

    @cached_property
    def sure(self) -> Bools:
        """Whether each row holds with the rule's confidence, shape (rows, chosen).

        On expected figures it must hold at the expected values too: where one result in a week is worth many, a day's
        figures lie far below what is expected of them nearly every day, and that speaks against nobody.
        """
        sure = np.stack([one.low for one in self.chances]) >= self.rule.confidence
        if self.rule.basis is Basis.EXPECTED and sure.any():
            sure &= np.stack([one.low == 1 for one in self._estimate(_Reading.EXPECTED)])
        return sure

    @cached_property
    def reported(self) -> list[Chance]:
        """Of each row, on what was reported so far: 0 or 1, or unknown."""
        return self._estimate(_Reading.REPORTED)

    @cached_property
    def _doubted(self) -> list[Chance]:
        return self._estimate(_Reading.DOUBTED)

    def _estimate(self, reading: _Reading) -> list[Chance]:
        return _estimate_rows(self.rows, self.rule, self.standing, self.where, reading)


class _Reading(Enum):
    """How figures are read: as reported so far, as expected to end, or so with all that is in doubt about it."""

    REPORTED = "reported"
    EXPECTED = "expected"
    DOUBTED = "doubted"


def _estimate_rows(rows: Sequence[Row], rule: Rule, standing: Standing, where: Ints, reading: _Reading) -> list[Chance]:
    """Say how likely rows hold; over ad groups, how likely for every one that was shown: of none, nobody can say."""
    if rule.over is not Over.AD_GROUP:
        return _chances(rows, rule, standing, where, reading)
    if standing.ad_groups is None:
        return [Chance(np.zeros(len(where)), np.ones(len(where))) for _ in rows]
    of, each, alone = standing.ad_groups.campaign, standing.ad_groups.standing, replace(rule, over=Over.CAMPAIGN)
    shown = estimate_values("impressions", alone, each, np.arange(len(of)), expected=False) > 0
    place = np.full(len(standing), -1)
    place[where] = np.arange(len(where))
    asked = np.flatnonzero(shown & (place[of] >= 0))
    into = place[of[asked]]
    some = np.bincount(into, minlength=len(where)) > 0
    found = []
    for chance in _chances(rows, alone, each, asked, reading):
        lacking, high = np.bincount(into, 1 - chance.low, len(where)), np.ones(len(where))
        np.minimum.at(high, into, chance.high)
        found.append(Chance(np.where(some, np.maximum(1 - lacking, 0.0), 0.0), high))
    return found


def estimate_values(name: str, rule: Rule, standing: Standing, where: Ints, *, expected: bool) -> Floats:
    """Return one metric over a rule's own window, in its unit, shape (chosen,); NaN where there is none."""
    return estimate_compared(Comparison(name, ">", _ANY), rule, standing, where, expected=expected)


def _chances(rows: Sequence[Row], rule: Rule, standing: Standing, where: Ints, reading: _Reading) -> list[Chance]:
    """Return how likely rows hold; of one figure all comparisons are worked out at once."""
    by_figure: dict[tuple[str, int | None], dict[Comparison, None]] = {}
    for row in rows:
        for one in comparisons_of(row.when):
            by_figure.setdefault((one.metric, one.window_hours), {})[one] = None
    told: dict[Comparison, Chance] = {}
    for same in map(tuple, by_figure.values()):
        likely = _compare(same, rule, standing, where, reading)
        unknown = np.isnan(likely)
        bounds = zip(np.where(unknown, 0.0, likely), np.where(unknown, 1.0, likely), strict=True)
        told |= {one: Chance(*ends) for one, ends in zip(same, bounds, strict=True)}
    return [_chance(row.when, told) for row in rows]


def _chance(condition: Condition, told: Mapping[Comparison, Chance]) -> Chance:
    if isinstance(condition, Comparison):
        return told[condition]
    parts = [_chance(part, told) for part in condition.parts]
    low, high = np.stack([part.low for part in parts]), np.stack([part.high for part in parts])
    if isinstance(condition, AllOf):
        return Chance(np.maximum(low.sum(axis=0) - (len(parts) - 1), 0.0), high.min(axis=0))
    return Chance(low.max(axis=0), np.minimum(high.sum(axis=0), 1.0))


def _compare(same: Sequence[Comparison], rule: Rule, standing: Standing, where: Ints, reading: _Reading) -> Floats:
    """Return the probability of comparisons of one figure, shape (comparisons, chosen).

    0 or 1 where no doubt is read, NaN where there is no value.
    """
    one, signs = same[0], [each.sign for each in same]
    expected, doubted = reading is not _Reading.REPORTED, reading is _Reading.DOUBTED
    limits = np.stack([estimate_bound(each, rule, standing, where, expected=expected) for each in same])
    if doubted and one.metric == PACE.name:
        pace, rows = standing.paces[shown_over(rule)], _rows(rule, standing, where)
        low, high = pace.low80[rows], pace.high80[rows]
        middle = pace.value[rows]
        ends = [middle - _TO_95 * (middle - low), low, middle, high, middle + _TO_95 * (high - middle)]
        return _likely(signs, np.stack(ends), limits)
    if doubted and (late := late_quantity_of(COMPARABLE[one.metric])):
        window = _window(one.window_hours, rule, standing)
        return _compare_late(COMPARABLE[one.metric], late, signs, limits, window, _rows(rule, standing, where))
    values = estimate_compared(one, rule, standing, where, expected=expected)
    return np.where(np.isnan(values) | np.isnan(limits), np.nan, _exact(signs, values, limits))


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


def _compare_late(
    metric: Metric, late: str, signs: Sequence[str], limits: Floats, window: Window, rows: Ints
) -> Floats:
    """Return the probability of comparisons of a metric that is still arriving: what must arrive for them to hold."""
    facts = window.matured.facts
    scale = float(metric.scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric.numerator == late:
            other = np.ones(len(rows)) if metric.denominator is None else facts.sums[metric.denominator][rows] * 1.0
            needed = limits * other / scale / _MICRO
        else:
            # Cost per result: the dearer, the fewer have come, so the sign turns round.
            other = facts.sums[metric.numerator][rows] * 1.0
            needed = np.where(limits > 0, other * scale / limits / _MICRO, np.nan)
            signs = [sign.translate(_TURNED) for sign in signs]
    apart = metric.denominator if metric.numerator == late else metric.numerator
    if apart is not None:
        needed = np.where(facts.measured[apart][rows] & (other > 0), needed, np.nan)
    return _likely(signs, window.quantiles(late)[:, rows], needed)


def _likely(signs: Sequence[str], ends: Floats, limits: Floats) -> Floats:
    """Return the probability of comparisons of one number with limits; what is certain is compared exactly.

    Args:
        signs: Of the comparisons.
        ends: The number's quantiles at _LEVELS, shape (5, chosen).
        limits: What it is held against, shape (comparisons, chosen).
    """
    above = chance_above(ends, _LEVELS, limits)
    more = np.array([sign[0] == ">" for sign in signs])[:, None]
    certain = (ends[0] == ends[-1]) & ~np.isnan(above)
    return np.where(certain, _exact(signs, ends[0], limits), np.where(more, above, 1 - above))


def _exact(signs: Sequence[str], values: Floats, limits: Floats) -> Bools:
    return np.stack([_SIGNS[sign](values, limit) for sign, limit in zip(signs, limits, strict=True)])


def _window(hours: int | None, rule: Rule, standing: Standing) -> Window:
    return standing.windows[shown_over(rule), hours or rule.window_hours]


def _rows(rule: Rule, standing: Standing, where: Ints) -> Ints:
    return np.asarray(standing.groups[shown_over(rule)][where])
