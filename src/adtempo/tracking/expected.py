"""What recent figures will become: expected conversions and value, and the returns that follow from them. Pure.

Spend is known when a day is over and conversions are not, so a return's interval is that of its late part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from adtempo.domain.panels import Expected, MaturedTable


@dataclass(frozen=True, slots=True)
class ExpectedFigure:
    """One figure that is still arriving.

    Attributes:
        value: Expected final figure.
        low80: Lower bound of the central 80% interval; None where it has no bound.
        high80: Upper bound; None where it has no bound.
        low95: Lower bound of the central 95% interval; None where it has no bound.
        high95: Upper bound; None where it has no bound.
    """

    value: float | None
    low80: float | None
    high80: float | None
    low95: float | None
    high95: float | None


NOTHING = ExpectedFigure(None, None, None, None, None)
"""Of a figure that nobody measured."""


@dataclass(frozen=True, slots=True)
class ExpectedFigures:
    """What one group of facts will come to.

    Attributes:
        conversions: Conversions.
        conversion_value: Value in major units of the account's currency.
        roas: Value / spend.
        cpa: Spend / conversions, in major units.
        maturity: Share of the expected value (of conversions, where no value is measured) that is reported, 0 to 1;
            None where neither is measured.
        basis: What the expectation rests on: own, shrunk, platform, prior or none.
    """

    conversions: ExpectedFigure
    conversion_value: ExpectedFigure
    roas: ExpectedFigure
    cpa: ExpectedFigure
    maturity: float | None
    basis: str


def estimate_expected(matured: MaturedTable, group: int) -> ExpectedFigures:
    """Return the expected figures of one group of a matured table."""
    spend_micros = matured.facts.quantities(group).spend_micros
    conversions, value = _figure(matured.conversions, group), _figure(matured.conversion_value, group)
    leading = matured.conversions if value is NOTHING else matured.conversion_value
    maturity = float(leading.maturity[group])
    spend = None if spend_micros is None else spend_micros / 1e6
    return ExpectedFigures(
        conversions=conversions,
        conversion_value=value,
        roas=_scaled(value, 1 / spend) if spend else NOTHING,
        cpa=_cost(conversions, spend) if spend is not None else NOTHING,
        maturity=None if math.isnan(maturity) else maturity,
        basis=str(leading.basis[group]),
    )


def _figure(expected: Expected, group: int) -> ExpectedFigure:
    if math.isnan(expected.value[group]):
        return NOTHING
    return ExpectedFigure(
        value=float(expected.value[group]),
        low80=float(expected.low80[group]),
        high80=float(expected.high80[group]),
        low95=float(expected.low95[group]),
        high95=float(expected.high95[group]),
    )


def _scaled(figure: ExpectedFigure, factor: float) -> ExpectedFigure:
    def scale(number: float | None) -> float | None:
        return None if number is None else number * factor

    return ExpectedFigure(*(scale(number) for number in _bounds(figure)))


def _cost(conversions: ExpectedFigure, spend: float) -> ExpectedFigure:
    """Return spend per conversion: the most conversions cost the least, and none have no cost."""

    def cost(number: float | None) -> float | None:
        return spend / number if number else None

    value, low80, high80, low95, high95 = _bounds(conversions)
    return ExpectedFigure(cost(value), cost(high80), cost(low80), cost(high95), cost(low95))


def _bounds(figure: ExpectedFigure) -> tuple[float | None, ...]:
    return figure.value, figure.low80, figure.high80, figure.low95, figure.high95
