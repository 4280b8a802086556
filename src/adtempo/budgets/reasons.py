"""Why: an evaluation of one campaign in sentences, whether anything is asked for or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from adtempo.budgets.columns import Bools, Floats, Standing
from adtempo.budgets.decide import MAINTAIN, Cause, Choice
from adtempo.budgets.estimate import SHOWN, estimate_bound, estimate_compared, estimate_values
from adtempo.budgets.rules.base import Over, Row, shown_over
from adtempo.budgets.rules.conditions import (
    COMPARABLE,
    AnyOf,
    Comparison,
    Condition,
    comparisons_of,
    threshold_text,
)
from adtempo.budgets.rules.sentences import condition_words, window_words
from adtempo.domain.budgets import Basis, Evaluation, Judgement, Truth
from adtempo.domain.metrics import Metric, Unit, metric_word
from adtempo.domain.money import Money, format_micros
from adtempo.domain.proposals import BudgetAction

Origin = tuple[int | None, int | None]
"""A stored rule's number and version; None for one that is not stored."""


class Explainer:
    """Writes the evaluations of one choice; columns are worked out once, where one is read, campaign by campaign."""

    def __init__(self, choice: Choice, standing: Standing, origin: Origin = (None, None)) -> None:
        self._choice = choice
        self._standing = standing
        self._origin = origin
        self._expects = choice.rule.basis is Basis.EXPECTED
        self._compared: dict[tuple[Comparison, bool], Floats] = {}
        self._bounds: dict[Comparison, Floats] = {}

    def evaluations(self) -> list[Evaluation]:
        """Return an evaluation of every campaign of the choice, in their order."""
        return [self.evaluation(place) for place in range(len(self._choice.where))]

    def evaluation(self, place: int) -> Evaluation:
        """Return the evaluation of one campaign of the choice."""
        return replace(
            self.sketch(place),
            reason=self.reason(place),
            judgements=tuple(self._judgement(number, place) for number in range(len(self._choice.rows))),
            metrics=_at(self._reported, place),
            expected=_at(self._expected, place),
            window=self._window(place),
            missing=self._missing(place),
            would_change=self._would_change(place),
            on_reported=self._action_of(int(self._choice.on_reported[place])),
        )

    def sketch(self, place: int) -> Evaluation:
        """Return the same without figures and words, which take far longer than the rest; its rule stands for why."""
        choice, standing = self._choice, self._standing
        where = choice.where[place]
        budget = int(standing.budget_micros[where])
        action = choice.action(place)
        known = budget if budget > 0 else None
        return Evaluation(
            campaign=standing.campaigns[where].ref,
            at=standing.at,
            batch=standing.batch,
            rule_name=choice.rule.rule_name,
            rule_id=self._origin[0],
            rule_version=self._origin[1],
            basis=choice.rule.basis,
            action=action,
            old_budget_micros=known,
            new_budget_micros=0 if action is BudgetAction.PAUSE else known and int(choice.target_micros[place]),
            currency=standing.currencies[where],
            reason=choice.rule.rule_name,
            judgements=(),
            metrics={},
            expected={},
            window="",
            requires_approval=bool(choice.requires_approval[place]),
            missing="",
            would_change="",
            on_reported=action,
        )

    @cached_property
    def _reported(self) -> dict[str, Floats]:
        return self._values(expected=False)

    @cached_property
    def _expected(self) -> dict[str, Floats]:
        return self._values(expected=True)

    def _values(self, *, expected: bool) -> dict[str, Floats]:
        rule, standing, where = self._choice.rule, self._standing, self._choice.where
        return {one.name: estimate_values(one.name, rule, standing, where, expected=expected) for one in SHOWN}

    @cached_property
    def _closed(self) -> Bools:
        rule, standing = self._choice.rule, self._standing
        over = shown_over(rule)
        window = standing.windows[over, rule.window_hours]
        return window.closed_days[standing.groups[over][self._choice.where]]

    def _action_of(self, row: int) -> BudgetAction:
        return BudgetAction.MAINTAIN if row == MAINTAIN else self._choice.rows[row].action

    def _window(self, place: int) -> str:
        hours = self._choice.rule.window_hours
        if not self._closed[place]:
            return f"the last {window_words(hours)}"
        days = max(1, round(hours / 24))
        return "the last closed local day" if days == 1 else f"the last {days} closed local days"

    def _judgement(self, number: int, place: int) -> Judgement:
        row, found = self._choice.rows[number], self._choice.found
        chance, reported = found.chances[number], found.reported[number]
        low, high = float(chance.low[place]), float(chance.high[place])
        known = reported.low[place] == reported.high[place]
        return Judgement(
            action=row.action,
            condition=str(row.when),
            truth=self._truth(number, place),
            probability=None if (low, high) == (0.0, 1.0) else low,
            reported=bool(reported.low[place]) if known else None,
        )

    def _truth(self, number: int, place: int) -> Truth:
        found = self._choice.found
        if found.sure[number, place]:
            return Truth.TRUE
        against = found.chances[number].high[place] <= 1 - self._choice.rule.confidence
        return Truth.FALSE if against else Truth.UNCERTAIN

    def reason(self, place: int) -> str:
        """Say why one campaign of the choice gets what it gets, in one sentence."""
        choice = self._choice
        match choice.cause[place]:
            case Cause.NOT_RUNNING:
                status = self._standing.campaigns[choice.where[place]].status
                return f"Not running: its status is {status or 'unknown'}"
            case Cause.NO_FACTS:
                return f"Not decidable: {self._known(place)} in {self._window(place)}"
            case Cause.FEW_IMPRESSIONS:
                needed = f"{choice.rule.min_impressions:,} needed"
                return f"Too little data: {choice.impressions[place]:,} impressions in {self._window(place)} ({needed})"
            case Cause.NOTHING_HOLDS | Cause.UNCERTAIN:
                figures = ", ".join(self._figures(place))
                if choice.cause[place] == Cause.UNCERTAIN:
                    return f"Not sure enough to act: {figures}"
                return f"Within its targets: {figures}"
        row = choice.rows[choice.row[place]]
        said = f"{row.headline or choice.rule.rule_name}: {self._held(row.when, place)}"
        each = ", and so in each of its ad groups" if choice.rule.over is Over.AD_GROUP else ""
        return f"{said}{each}{self._ending(row, place)}"

    def _known(self, place: int) -> str:
        if self._choice.impressions[place] < 0:
            return "nothing is known"
        unknown = all(chance.unknown[place] for chance in self._choice.found.reported)
        if unknown and self._choice.rule.over is Over.AD_GROUP:
            return "nothing is known of its ad groups"
        return ", ".join(self._figures(place))

    def _ending(self, row: Row, place: int) -> str:
        choice = self._choice
        if choice.cause[place] == Cause.NO_BUDGET:
            return " - but no daily budget is known, so nothing can be changed"
        currency, amounts = self._standing.currencies[choice.where[place]], choice.amounts
        if choice.cause[place] == Cause.AT_LIMIT:
            rises = row.multiplier > 1
            limit = amounts.max_daily_budget if rises else amounts.min_daily_budget
            return f" - but its budget stays {'at most' if rises else 'at least'} {Money(limit, currency)} a day"
        if choice.limited[place]:
            return f" - limited to {Money(int(choice.target_micros[place]), currency)} a day"
        return f" - {row.ending}" if row.ending else ""

    def _held(self, condition: Condition, place: int) -> str:
        """Say with which figures a condition holds; of alternatives, the one that holds most surely."""
        if isinstance(condition, Comparison):
            return self._comparison(condition, place)
        if isinstance(condition, AnyOf):
            return self._held(max(condition.parts, key=lambda part: self._share(part, place)), place)
        return " and ".join(self._held(part, place) for part in condition.parts)

    def _share(self, condition: Condition, place: int) -> float:
        """Return how many of the comparisons of a part hold at their point values."""
        held = []
        for one in comparisons_of(condition):
            value, limit = self._value(one, place, expected=self._expects), self._bound(one, place)
            held.append({">": value > limit, "<": value < limit, ">=": value >= limit, "<=": value <= limit}[one.sign])
        return sum(held) / len(held)

    def _comparison(self, one: Comparison, place: int) -> str:
        metric = COMPARABLE[one.metric]
        now = value_text(metric, self._value(one, place, expected=self._expects))
        so_far = value_text(metric, self._value(one, place, expected=False))
        over = "" if one.window_hours is None else f" over {window_words(one.window_hours)}"
        bound = f"{one.sign}{threshold_text(metric, self._bound(one, place))}"
        aside = "" if so_far == now else f"; {so_far} reported so far"
        return f"{metric_word(one.metric)} {now}{over} ({bound}{aside})"

    def _value(self, one: Comparison, place: int, *, expected: bool) -> float:
        key = (one, expected)
        if key not in self._compared:
            choice = self._choice
            self._compared[key] = estimate_compared(one, choice.rule, self._standing, choice.where, expected=expected)
        return float(self._compared[key][place])

    def _bound(self, one: Comparison, place: int) -> float:
        if one not in self._bounds:
            choice = self._choice
            self._bounds[one] = estimate_bound(one, choice.rule, self._standing, choice.where, expected=self._expects)
        return float(self._bounds[one][place])

    def _figures(self, place: int) -> list[str]:
        """Return the figures that the rule looks at, each once."""
        seen: dict[tuple[str, int | None], str] = {}
        for row in self._choice.rows:
            for one in comparisons_of(row.when):
                metric = COMPARABLE[one.metric]
                now = value_text(metric, self._value(one, place, expected=self._expects))
                so_far = value_text(metric, self._value(one, place, expected=False))
                over = "" if one.window_hours is None else f" over {window_words(one.window_hours)}"
                aside = "" if so_far == now else f" ({so_far} reported so far)"
                seen[one.metric, one.window_hours] = f"{metric_word(one.metric)} {now}{over}{aside}"
        return list(seen.values())

    def _missing(self, place: int) -> str:
        """Say what would have to be known better."""
        choice = self._choice
        if choice.cause[place] == Cause.FEW_IMPRESSIONS:
            return f"{choice.rule.min_impressions - choice.impressions[place]:,} more impressions are needed"
        if choice.cause[place] != Cause.UNCERTAIN:
            return ""
        sure = choice.rule.confidence
        parts = []
        for number, (row, chance) in enumerate(zip(choice.rows, choice.found.chances, strict=True)):
            if self._truth(number, place) is Truth.UNCERTAIN:
                likely = "cannot be said" if chance.unknown[place] else f"is {float(chance.low[place]):.0%} likely"
                needed = "but not what is expected" if chance.low[place] >= sure else f"({sure:.0%} needed)"
                parts.append(f"{row.action} needs {condition_words(row.when)}, which {likely} {needed}")
        return "; ".join(parts)

    def _would_change(self, place: int) -> str:
        choice = self._choice
        if choice.row[place] == MAINTAIN:
            return "; ".join(f"{row.action} when {condition_words(row.when)}" for row in choice.rows)
        row = choice.rows[choice.row[place]]
        later = np.flatnonzero(choice.found.sure[choice.row[place] + 1 :, place])
        instead = choice.rows[choice.row[place] + 1 + later[0]].action if later.size else BudgetAction.MAINTAIN
        return f"{instead} unless {condition_words(row.when)}"


def value_text(metric: Metric, value: float) -> str:
    """Write a figure as reasons do: 4.50x, 3.20%, 12.00.

    >>> value_text(COMPARABLE["roas"], 4.5), value_text(COMPARABLE["ctr"], 3.2)
    ('4.50x', '3.20%')
    """
    if np.isnan(value):
        return "n/a"
    match metric.unit:
        case Unit.MICROS:
            return format_micros(round(value), 2)
        case Unit.PERCENT:
            return f"{value:.2f}%"
        case Unit.COUNT:
            return f"{value:,.1f}".removesuffix(".0")
    return f"{value:.2f}x"


def _at(columns: Mapping[str, Floats], place: int) -> dict[str, float | None]:
    found = {name: float(column[place]) for name, column in columns.items()}
    return {name: None if np.isnan(value) else value for name, value in found.items()}
