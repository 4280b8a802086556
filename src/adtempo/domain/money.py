"""Money is an integer: micros (millionths) of the account's currency, from the moment it enters.

Two units meet at the edges. *Micros* are used everywhere inside. *Minor units* are what a currency can really be paid
in (cents; yen have none) and are needed only where a budget is set; platforms keep their own tables of them, so the
number of decimals is an argument of whoever talks to a platform.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from adtempo.domain.errors import InvalidInput

MICROS = 1_000_000
MAX_MICROS = 9_000_000_000_000_000_000

_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")

# ISO 4217 (2024), "minor unit" column: every currency that does not have two decimals.
_DECIMALS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def minor_decimals(currency: str) -> int:
    """Return how many decimals amounts of a currency have (ISO 4217).

    >>> minor_decimals("USD"), minor_decimals("JPY"), minor_decimals("KWD")
    (2, 0, 3)
    """
    return _DECIMALS.get(currency, 2)


def parse_micros(text: str) -> int:
    """Read a decimal amount in major units as integer micros, exactly.

    Args:
        text: An amount such as ``12.34``; digits with at most one point. Exponents, separators and blanks are refused.

    Raises:
        InvalidInput: The text is not such an amount, has more than six decimals, or does not fit 64 bits.

    >>> parse_micros("12.34")
    12340000
    """
    if not _AMOUNT.fullmatch(text):
        raise InvalidInput(f"{text!r} is not an amount; write digits with a point, such as 1234.56")
    scaled = Decimal(text) * MICROS
    micros = int(scaled)
    if micros != scaled:
        raise InvalidInput(f"{text!r} has more than six decimals")
    if abs(micros) > MAX_MICROS:
        raise InvalidInput(f"{text!r} is too large")
    return micros


def format_micros(micros: int, decimals: int | None = None) -> str:
    """Write micros as a decimal string in major units.

    Args:
        micros: Amount in millionths.
        decimals: Digits after the point, rounded half to even; None writes the exact amount, with at least two.

    >>> format_micros(12_340_000), format_micros(1_500), format_micros(12_345_678, 2)
    ('12.34', '0.0015', '12.35')
    """
    amount = Decimal(micros).scaleb(-6)
    if decimals is not None:
        return f"{round(amount, decimals):f}"
    exact = f"{amount:.6f}".rstrip("0")
    whole, _, fraction = exact.partition(".")
    return f"{whole}.{fraction:0<2}"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of one currency; amounts of two currencies never meet."""

    micros: int
    currency: str

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise InvalidInput(
                f"cannot combine {self.currency} and {other.currency}; import exchange rates (import rates FILE)"
            )

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros - other.micros, self.currency)

    def __str__(self) -> str:
        return f"{format_micros(self.micros, minor_decimals(self.currency))} {self.currency}"


def split_units(total: int, weights: Sequence[int | Fraction | Decimal]) -> list[int]:
    """Split whole units in proportion to weights so that the parts sum to the total exactly.

    Largest remainder (Hamilton's method): each part gets its floor, the units left over go one each to the largest
    remainders, ties to the earlier part.

    Args:
        total: Whole units to share out, at least 0 (cents, for example).
        weights: Non-negative weights, not all zero, shape (parts,).

    Raises:
        InvalidInput: A weight is negative, or all are zero, or the total is negative.

    >>> split_units(100, [1, 1, 1])
    [34, 33, 33]
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact, Fraction(0))
    if total < 0 or whole <= 0 or min(exact) < 0:
        raise InvalidInput("a split needs a total of at least 0 and weights of at least 0, not all zero")
    shares = [total * weight / whole for weight in exact]
    parts = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda part: (parts[part] - shares[part], part))
    for part in by_remainder[: total - sum(parts)]:
        parts[part] += 1
    return parts
