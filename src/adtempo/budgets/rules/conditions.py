"""Conditions of rules: comparisons of metrics over windows, joined by and and or; read from text, and said in words.

roas > 4 and ctr > 3
roas(24h) < 0.5 * roas(7d) or (spend(7d) >= 100 and conversions(7d) < 1)
cpa > 1.2 * target_cpa
pace > 1.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import CPA, METRICS, ROAS, Better, Metric, Unit
from adtempo.domain.money import format_micros, parse_micros

PACE = Metric(
    "pace",
    "expected_micros",
    "planned_micros",
    Fraction(1),
    Unit.RATIO,
    Better.NEITHER,
    "Expected spend at the end of the month / planned budget.",
)
"""The one figure of conditions that is no sum of facts: where the month's spend is heading."""

TARGETS = {"target_roas": ROAS, "target_cpa": CPA}
"""What people set on a campaign, and the metric that it is compared with."""

COMPARABLE = {
    **{metric.name: metric for metric in METRICS if "reach" not in {metric.numerator, metric.denominator}},
    PACE.name: PACE,
}
"""What a condition can compare; reach does not add up over days, so neither it nor frequency."""

WINDOW_HOURS_MAX = 24 * 28
_DEPTH_MAX = 20

_WINDOW = re.compile(r"\s*\(\s*(\d{1,4})([hd])\s*\)")


@dataclass(frozen=True, slots=True)
class Bound:
    """The right side of a comparison: a number, or a factor of something else.

    Attributes:
        amount: In the unit of the compared metric (amounts in micros); or the factor.
        of: Name of a metric or target that the factor multiplies; None for a plain number.
        window_hours: Window of that metric; None for the rule's own.
    """

    amount: float
    of: str | None = None
    window_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric held against a bound.

    Attributes:
        metric: Name out of COMPARABLE.
        sign: One of >, <, >=, <=.
        bound: What it is held against.
        window_hours: Over which hours; None for the rule's own window.
    """

    metric: str
    sign: str
    bound: Bound
    window_hours: int | None = None

    def __str__(self) -> str:
        return f"{_named(self.metric, self.window_hours)} {self.sign} {_bound_text(self)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds when all parts do."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one part does."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


Condition = Comparison | AllOf | AnyOf


def comparisons_of(condition: Condition) -> Iterator[Comparison]:
    """Yield the comparisons of a condition, in the order in which they are written."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from comparisons_of(part)


def windows_of(condition: Condition, own_hours: int) -> set[int]:
    """Return the windows in hours that a condition reads, `own_hours` standing for the rule's own."""
    found = set()
    for one in comparisons_of(condition):
        found.add(one.window_hours or own_hours)
        if one.bound.of in COMPARABLE:
            found.add(one.bound.window_hours or own_hours)
    return found


def late_quantity_of(metric: Metric) -> str | None:
    """Return the quantity of a metric that arrives late, if one does."""
    late = {"conversions_micros", "conversion_value_micros"} & {metric.numerator, metric.denominator}
    return next(iter(late), None)


def all_of(*parts: Condition) -> Condition:
    """Join conditions by and; one alone stays itself."""
    return parts[0] if len(parts) == 1 else AllOf(parts)


def read_condition(text: str) -> Condition:
    """Read a condition as people write it.

    Args:
        text: Such as ``roas(24h) > 4 and (ctr > 3 or cpa < 20)``; amounts in major units of the account's currency.

    Raises:
        InvalidInput: It is not a condition; the message says where and why.

    >>> str(read_condition("roas > 4 and ctr(7d) >= 3"))
    'roas > 4 and ctr(7d) >= 3'
    """
    reader = _Reader(text)
    condition = reader.any_of()
    reader.expect_end()
    return condition


class _Reader:
    """Reads one condition from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._take_word("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def expect_end(self) -> None:
        if self._text[self._at :].strip():
            raise self._trouble("expected and, or, or the end")

    def _all_of(self) -> Condition:
        parts = [self._single()]
        while self._take_word("and"):
            parts.append(self._single())
        return all_of(*parts)

    def _single(self) -> Condition:
        if self._take_sign("("):
            self._depth += 1
            if self._depth > _DEPTH_MAX:
                raise self._trouble(f"brackets are at most {_DEPTH_MAX} deep")
            inside = self.any_of()
            self._depth -= 1
            if not self._take_sign(")"):
                raise self._trouble("a bracket is not closed")
            return inside
        name, hours = self._metric()
        sign = next((one for one in (">=", "<=", ">", "<") if self._take_sign(one)), None)
        if sign is None:
            raise self._trouble(f"after {name} expected one of >, <, >=, <=")
        return Comparison(name, sign, self._bound(COMPARABLE[name]), hours)

    def _bound(self, metric: Metric) -> Bound:
        number = self._take(r"\d+(\.\d+)?")
        if number is None or self._take_sign("*"):
            factor = 1.0 if number is None else float(number)
            target = next((one for one in TARGETS if self._take_word(one)), None)
            if target is not None:
                if TARGETS[target] is not metric:
                    raise self._trouble(f"{metric.name} cannot be compared with {target}")
                return Bound(factor, target)
            name, hours = self._metric()
            if name != metric.name:
                raise self._trouble(
                    f"{metric.name} can be compared with a number, a target or itself in another window"
                )
            return Bound(factor, name, hours)
        return Bound(float(parse_micros(number)) if metric.unit is Unit.MICROS else float(number))

    def _metric(self) -> tuple[str, int | None]:
        name = self._take(r"[A-Za-z_]+")
        if name not in COMPARABLE:
            raise self._trouble(f"there is no metric {name!r} here; choose one of {', '.join(COMPARABLE)}")
        found = _WINDOW.match(self._text, self._at)
        if found is None:
            return name, None
        self._at = found.end()
        hours = int(found[1]) * (24 if found[2] == "d" else 1)
        if not 1 <= hours <= WINDOW_HOURS_MAX:
            raise self._trouble(f"a window is 1h to {WINDOW_HOURS_MAX // 24}d long")
        if name == PACE.name:
            raise self._trouble("pace is of the month and takes no window")
        return name, hours

    def _take(self, pattern: str) -> str | None:
        found = re.compile(rf"\s*({pattern})").match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[1]

    def _take_word(self, word: str) -> bool:
        return self._take(rf"{word}\b") is not None

    def _take_sign(self, sign: str) -> bool:
        return self._take(re.escape(sign)) is not None

    def _trouble(self, what: str) -> InvalidInput:
        place = self._text[self._at :].strip()
        at = f"at {place[:30]!r}" if place else "at its end"
        return InvalidInput(f"the condition {self._text!r} cannot be read {at}: {what}")


def threshold_text(metric: Metric, amount: float) -> str:
    """Write a threshold the way people say it: 4.0x, 3%, 20.00.

    >>> threshold_text(COMPARABLE["roas"], 4.0), threshold_text(COMPARABLE["ctr"], 3.0)
    ('4.0x', '3%')
    """
    match metric.unit:
        case Unit.MICROS:
            return format_micros(round(amount))
        case Unit.PERCENT:
            return f"{amount:g}%"
        case Unit.COUNT:
            return f"{amount:,g}" if amount < 1e6 else f"{amount:,.0f}"
    text = number_text(round(amount, 4))
    return f"{text}x" if "." in text else f"{text}.0x"


def number_text(number: float) -> str:
    """Write a number in plain digits, exactly, as conditions are read.

    >>> number_text(1_500_000.0), number_text(0.00001)
    ('1500000', '0.00001')
    """
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _bound_text(comparison: Comparison) -> str:
    bound, metric = comparison.bound, COMPARABLE[comparison.metric]
    if bound.of is None:
        return format_micros(round(bound.amount)) if metric.unit is Unit.MICROS else number_text(bound.amount)
    name = bound.of if bound.of in TARGETS else _named(bound.of, bound.window_hours)
    return name if bound.amount == 1 else f"{number_text(bound.amount)} * {name}"


def _named(name: str, hours: int | None) -> str:
    if hours is None:
        return name
    return f"{name}({hours // 24}d)" if hours % 24 == 0 else f"{name}({hours}h)"
