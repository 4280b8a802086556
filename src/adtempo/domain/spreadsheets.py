"""Text that a spreadsheet may open."""

from __future__ import annotations

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(text: str) -> str:
    """Return text that a spreadsheet takes for text, also where it looks like a formula.

    >>> neutral("=HYPERLINK(1)"), neutral("Autumn")
    ("'=HYPERLINK(1)", 'Autumn')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
