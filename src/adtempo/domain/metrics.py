"""What every number on a screen means: one table of metrics, one way to compute them.

A metric is a ratio of two sums of base quantities, or one sum shown as it is. Everything stays an integer until one
last division, which is correctly rounded; so a number is the same however its facts were grouped on the way. Without
a denominator above zero there is no value, which is not the same as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.errors import CurrenciesMixed, InvalidInput
from adtempo.domain.money import MICROS, format_micros, minor_decimals
from adtempo.domain.panels import QUANTITIES, Quantities

ABSENT = "n/a"
"""How people see a value that does not exist."""

_EXACT = 2**53
"""Integers up to here are exact as doubles."""


class Unit(StrEnum):
    """What a value is counted in."""

    COUNT = "count"
    MICROS = "micros"
    PERCENT = "percent"
    RATIO = "ratio"


class Better(StrEnum):
    """In which direction a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """How to compute one metric and how to read it.

    Attributes:
        name: What files, commands and routes call it.
        numerator: A name in `Quantities`.
        denominator: A name in `Quantities`; None shows the numerator itself.
        scale: Exact factor from the ratio of the stored integers to the unit.
        unit: What the value is counted in; micros are of the account's currency.
        better_when: Which direction is an improvement.
        description: One sentence for people, with the formula.
    """

    name: str
    numerator: str
    denominator: str | None
    scale: Fraction
    unit: Unit
    better_when: Better
    description: str


_ONE = Fraction(1)
_PER_MICRO = Fraction(1, MICROS)

SPEND = Metric("spend", "spend_micros", None, _ONE, Unit.MICROS, Better.NEITHER, "What the platform charged.")
IMPRESSIONS = Metric("impressions", "impressions", None, _ONE, Unit.COUNT, Better.HIGHER, "Times an ad was shown.")
CLICKS = Metric("clicks", "clicks", None, _ONE, Unit.COUNT, Better.HIGHER, "Clicks on an ad.")
CONVERSIONS = Metric(
    "conversions",
    "conversions_micros",
    None,
    _PER_MICRO,
    Unit.COUNT,
    Better.HIGHER,
    "What the platform counted as a result; fractions occur.",
)
CONVERSION_VALUE = Metric(
    "conversion_value",
    "conversion_value_micros",
    None,
    _ONE,
    Unit.MICROS,
    Better.HIGHER,
    "What those results were worth.",
)
REACH = Metric(
    "reach",
    "reach",
    None,
    _ONE,
    Unit.COUNT,
    Better.HIGHER,
    "People who saw an ad at least once; cannot be added up, so known only where it was reported.",
)
FREQUENCY = Metric(
    "frequency",
    "impressions",
    "reach",
    _ONE,
    Unit.RATIO,
    Better.LOWER,
    "impressions / reach: how often each of those people saw it.",
)
ROAS = Metric(
    "roas",
    "conversion_value_micros",
    "spend_micros",
    _ONE,
    Unit.RATIO,
    Better.HIGHER,
    "conversion_value / spend: what one unit of money brought back.",
)
CTR = Metric(
    "ctr",
    "clicks",
    "impressions",
    Fraction(100),
    Unit.PERCENT,
    Better.HIGHER,
    "clicks / impressions x 100, in percent.",
)
CPC = Metric("cpc", "spend_micros", "clicks", _ONE, Unit.MICROS, Better.LOWER, "spend / clicks: the price of a click.")
CPM = Metric(
    "cpm",
    "spend_micros",
    "impressions",
    Fraction(1000),
    Unit.MICROS,
    Better.LOWER,
    "spend / impressions x 1000: the price of a thousand impressions.",
)
CPA = Metric(
    "cpa",
    "spend_micros",
    "conversions_micros",
    Fraction(MICROS),
    Unit.MICROS,
    Better.LOWER,
    "spend / conversions: the price of a conversion.",
)
CVR = Metric(
    "cvr",
    "conversions_micros",
    "clicks",
    100 * _PER_MICRO,
    Unit.PERCENT,
    Better.HIGHER,
    "conversions / clicks x 100, in percent; above 100 where conversions come without a click.",
)

METRICS = (
    SPEND,
    IMPRESSIONS,
    CLICKS,
    CONVERSIONS,
    CONVERSION_VALUE,
    REACH,
    FREQUENCY,
    ROAS,
    CTR,
    CPC,
    CPM,
    CPA,
    CVR,
)
"""Every metric, in the order in which reports show them."""


def find_metric(name: str) -> Metric:
    """Return the metric of a name.

    Raises:
        InvalidInput: There is no such metric; the message lists those there are.

    >>> find_metric("roas").description
    'conversion_value / spend: what one unit of money brought back.'
    """
    for metric in METRICS:
        if metric.name == name:
            return metric
    raise InvalidInput(f"there is no metric {name!r}; choose one of {', '.join(known.name for known in METRICS)}")


def value_of(metric: Metric, quantities: Quantities) -> float | None:
    """Compute one metric of one group of facts.

    numerator x scale / denominator in exact integers, divided once, correctly rounded.

    Args:
        metric: A row of METRICS.
        quantities: Sums over the group.

    Returns:
        The value in the metric's unit (an int where it is one), or None: not measured, or no denominator above zero.

    >>> value_of(ROAS, Quantities(spend_micros=2_000_000, conversion_value_micros=7_000_000))
    3.5
    >>> value_of(CPC, Quantities(spend_micros=2_000_000, clicks=0)) is None
    True
    """
    numerator = getattr(quantities, metric.numerator)
    denominator = 1 if metric.denominator is None else getattr(quantities, metric.denominator)
    if numerator is None or denominator is None or denominator <= 0:
        return None
    top, bottom = numerator * metric.scale.numerator, denominator * metric.scale.denominator
    whole: int = top // bottom
    return whole if metric.denominator is None and whole * bottom == top else float(top / bottom)


def values_of(
    metric: Metric, sums: Mapping[str, NDArray[np.int64]], measured: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Compute one metric of many groups of facts; the same numbers as `value_of`, bit for bit.

    Args:
        metric: A row of METRICS.
        sums: Integer sums by name in `Quantities`, shape (groups,), as in `panels.FactTable`.
        measured: Whether anybody measured them, shape (groups,).

    Returns:
        Values in the metric's unit, shape (groups,); NaN where there is none.

    >>> sums = {"clicks": np.array([3, 0]), "impressions": np.array([200, 0])}
    >>> values_of(CTR, sums, {name: np.array([True, True]) for name in sums})
    array([1.5, nan])
    """
    groups = len(next(iter(sums.values())))
    names = [metric.numerator] if metric.denominator is None else [metric.numerator, metric.denominator]
    if any(name not in sums for name in names):
        return np.full(groups, np.nan)
    numerator = sums[metric.numerator]
    denominator = np.ones(groups, np.int64) if metric.denominator is None else sums[metric.denominator]
    known = np.logical_and.reduce([measured[name] for name in names]) & (denominator > 0)
    values = np.full(groups, np.nan)
    top = _times(numerator[known], metric.scale.numerator)
    bottom = _times(denominator[known], metric.scale.denominator)
    values[known] = top / bottom
    return values


def _times(amounts: NDArray[np.int64], factor: int) -> NDArray[Any]:
    # Doubles divide correctly only integers they can hold; beyond that Python's own integers do, slowly.
    if len(amounts) == 0 or max(-int(amounts.min()), int(amounts.max())) * factor <= _EXACT:
        return amounts * factor
    return amounts.astype(object) * factor


def cost_per_result(main: Quantities, result: Quantities) -> float | None:
    """Return spend per conversion of one named type, in micros of the account's currency.

    Args:
        main: The main figures of the group, which carry the spend.
        result: The same group's figures of the named type, which carry its count.
    """
    return value_of(CPA, Quantities(spend_micros=main.spend_micros, conversions_micros=result.conversions_micros))


def blend(parts: Iterable[tuple[str, Quantities]]) -> tuple[str, Quantities]:
    """Add up the figures of several groups, such as the campaigns of a report.

    Ratios of the blend are ratios of sums. Reach is left out: the same person may stand in two groups.

    Args:
        parts: Currency (ISO 4217) and figures of each group.

    Returns:
        The one currency, and the sums; None where no group was measured.

    Raises:
        InvalidInput: There is nothing to blend.
        CurrenciesMixed: The parts are in several currencies.

    >>> blend([("EUR", Quantities(clicks=1)), ("EUR", Quantities(clicks=2))])[1].clicks
    3
    """
    parts = list(parts)
    currencies = sorted({currency for currency, _ in parts})
    if not currencies:
        raise InvalidInput("there is nothing to add up")
    if len(currencies) > 1:
        raise CurrenciesMixed(currencies)
    sums: dict[str, int | None] = {}
    for name in QUANTITIES:
        known = [amount for _, figures in parts if (amount := getattr(figures, name)) is not None]
        sums[name] = sum(known) if known else None
    return currencies[0], Quantities(**sums)


def plain_value(metric: Metric, value: float | None) -> str | float | None:
    """Write a value for machines: amounts as decimal strings to the micro, everything else as a number.

    >>> plain_value(CPC, 345_600.0), plain_value(CTR, 1.5), plain_value(ROAS, None)
    ('0.3456', 1.5, None)
    """
    if value is None or isnan(value):
        return None
    return format_micros(round(value)) if metric.unit is Unit.MICROS else value


_CAPITALS = frozenset({"roas", "ctr", "cpc", "cpm", "cpa", "cvr"})


def metric_word(name: str) -> str:
    """Return how people write a metric's name.

    >>> metric_word("roas"), metric_word("conversion_value")
    ('ROAS', 'conversion value')
    """
    return name.upper() if name in _CAPITALS else name.replace("_", " ")


def plain_values(values: Mapping[str, float | None]) -> dict[str, str | float | None]:
    """Write values of metrics, by name, for machines; a whole number has no fraction.

    >>> plain_values({"spend": 12_500_000.0, "clicks": 3.0, "roas": None})
    {'spend': '12.50', 'clicks': 3, 'roas': None}
    """
    shown = {name: plain_value(find_metric(name), value) for name, value in values.items()}
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in shown.items()
    }


def format_value(metric: Metric, value: float | None, currency: str) -> str:
    """Write a value for people, with its unit.

    Args:
        metric: A row of METRICS.
        value: In the metric's unit; None or NaN where there is none.
        currency: ISO 4217 code of the account.

    >>> format_value(CPA, 12_345_678.0, "EUR"), format_value(CTR, 1.234, "EUR"), format_value(ROAS, None, "EUR")
    ('12.35 EUR', '1.23%', 'n/a')
    """
    if value is None or isnan(value):
        return ABSENT
    match metric.unit:
        case Unit.MICROS:
            micros = round(value)
            shown = format_micros(micros, minor_decimals(currency))
            # A click may cost less than a cent; zero would be a lie.
            too_small = micros != 0 and not shown.strip("-0.")
            return f"{format_micros(micros) if too_small else shown} {currency}"
        case Unit.PERCENT:
            return f"{value:.2f}%"
        case Unit.COUNT:
            return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:.2f}"
