"""Money is an integer: micros (millionths) of the account's currency, from the moment it enters.

Two units meet at the edges. *Micros* are used everywhere inside. *Minor units* are what a currency can really be paid
in (cents; yen have none) and are needed only where a budget is set; platforms keep their own tables of them, so the
number of decimals is an argument of whoever talks to a platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache

from adtempo.domain.accounts import Platform
from adtempo.domain.errors import CurrenciesMixed, InvalidInput

MICROS_DECIMALS = 6
MICROS: int = 10**MICROS_DECIMALS
MAX_MICROS = 9_000_000_000_000_000_000

_AMOUNT = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)\.?([0-9]*)")

# ISO 4217 (2024), "minor unit" column: every currency that does not have two decimals.
_ISO_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

# Platforms with a table of their own, each naming every currency without two decimals. Meta's "offset" is 1 for these
# and 100 for all others, three-decimal dinars included (Marketing API, "Currencies", 2026): a Hungarian or Taiwanese
# budget sent in ISO minor units would be a hundred times too large.
_PLATFORM_DECIMALS: Mapping[str, Mapping[str, int]] = {
    Platform.META: dict.fromkeys("CLP COP CRC HUF ISK IDR JPY KRW PYG TWD VND".split(), 0),
}


def minor_decimals(currency: str, platform: str | None = None) -> int:
    """Return how many decimals amounts of a currency have.

    Args:
        currency: ISO 4217 code.
        platform: Where a budget will be set; None is ISO 4217, for showing amounts.

    >>> minor_decimals("USD"), minor_decimals("JPY"), minor_decimals("KWD")
    (2, 0, 3)
    >>> minor_decimals("HUF"), minor_decimals("HUF", "meta")
    (2, 0)
    """
    table = _ISO_DECIMALS if platform is None else _PLATFORM_DECIMALS.get(platform, _ISO_DECIMALS)
    return table.get(currency, 2)


@cache
def minor_unit_micros(currency: str, platform: str | None = None) -> int:
    """Return how many micros the smallest payable amount of a currency is.

    >>> minor_unit_micros("USD"), minor_unit_micros("JPY")
    (10000, 1000000)
    """
    return int(MICROS // 10 ** minor_decimals(currency, platform))


def parse_micros(text: str) -> int:
    """Read a decimal amount in major units as integer micros, exactly.

    Args:
        text: An amount such as ``12.34``; digits with at most one point. Exponents, separators and blanks are refused.

    Raises:
        InvalidInput: The text is not such an amount, has more than six decimals, or does not fit 64 bits.

    >>> parse_micros("12.34")
    12340000
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text!r} is not an amount; write digits with a point, such as 1234.56")
    sign, whole, fraction = match[1], match[2].lstrip("0"), match[3].rstrip("0")
    if len(fraction) > MICROS_DECIMALS:
        raise InvalidInput(f"{text!r} has more than six decimals")
    if (
        len(whole) > len(str(MAX_MICROS)) - MICROS_DECIMALS
        or (micros := int(f"{whole}{fraction:0<{MICROS_DECIMALS}}")) > MAX_MICROS
    ):
        raise InvalidInput(f"{text!r} is too large")
    return -micros if sign == "-" else micros


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
        return f"{round(amount, decimals) + 0:f}"  # adding zero turns -0.00 into 0.00
    exact = f"{amount:.6f}".rstrip("0")
    whole, _, fraction = exact.partition(".")
    return f"{whole}.{fraction:0<2}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency; amounts of two currencies never meet."""

    micros: int
    currency: str

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise CurrenciesMixed([self.currency, other.currency])

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros - other.micros, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.micros < other.micros

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.micros <= other.micros

    def split(self, weights: Sequence[int | Fraction | Decimal], platform: str | None = None) -> list[Money]:
        """Split into payable amounts in proportion to weights; the parts sum to the whole exactly.

        Args:
            weights: Non-negative weights, not all zero, shape (parts,).
            platform: Whose minor units the parts must be whole numbers of; None is ISO 4217.

        Raises:
            InvalidInput: The amount is negative or is not a whole number of minor units itself, or the weights are bad.

        >>> [str(part) for part in Money(100_000_000, "USD").split([1, 1, 1])]
        ['33.34 USD', '33.33 USD', '33.33 USD']
        """
        unit = minor_unit_micros(self.currency, platform)
        units, rest = divmod(self.micros, unit)
        if rest:
            raise InvalidInput(
                f"{format_micros(self.micros)} {self.currency} cannot be paid exactly; "
                f"round it to a multiple of {format_micros(unit)}"
            )
        return [Money(part * unit, self.currency) for part in split_units(units, weights)]

    def __str__(self) -> str:
        return _money_text(self.micros, self.currency)


@lru_cache(maxsize=4096)
def _money_text(micros: int, currency: str) -> str:
    return f"{format_micros(micros, minor_decimals(currency))} {currency}"


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
