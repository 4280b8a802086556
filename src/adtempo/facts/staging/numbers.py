"""Numbers in files, in SQL: checked by pattern before they are cast, exact to the last micro.

A bare cast would make numbers of ``1_000``, `` 12 ``, ``1e3`` and ``12.7`` for an integer. Amounts go through
DECIMAL(18, 0) of the text times a million, so no float is ever involved.
"""

from __future__ import annotations

from adtempo.facts.formats.base import INTEGER_CELLS

_WHOLE = "[0-9]{1,18}"
_WHOLE_AS_DECIMAL = "([0-9]{1,18})[.]0+"
_AMOUNT = "(?:[0-9]{1,12}(?:[.][0-9]{0,6}0*)?|[.][0-9]{1,6}0*)"
_GROUPED = {".": "[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?", ",": "[0-9]{1,3}(?:[.][0-9]{3})+(?:,[0-9]+)?"}


def typed(cell: str, text: str) -> str:
    """Return SQL for the integer (count or micros) that a text means; null when it means none."""
    if cell in INTEGER_CELLS:
        return (
            f"CASE WHEN regexp_full_match({text}, '{_WHOLE}') THEN CAST({text} AS BIGINT) "
            f"WHEN regexp_full_match({text}, '{_WHOLE_AS_DECIMAL}') "
            f"THEN CAST(regexp_extract({text}, '{_WHOLE_AS_DECIMAL}', 1) AS BIGINT) END"
        )
    return (
        f"CASE WHEN regexp_full_match({text}, '{_AMOUNT}') "
        f"THEN CAST(TRY_CAST({text} || 'e6' AS DECIMAL(18, 0)) AS BIGINT) END"
    )


def plain(text: str, decimal: str) -> str:
    """Return SQL that writes a number of people without thousands separators and with a decimal point."""
    if decimal == ".":
        return f"CASE WHEN regexp_full_match({text}, '{_GROUPED['.']}') THEN replace({text}, ',', '') ELSE {text} END"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_GROUPED[',']}') "
        f"THEN replace(replace({text}, '.', ''), ',', '.') "
        f"WHEN regexp_full_match({text}, '[0-9]*,[0-9]+|[0-9]+') THEN replace({text}, ',', '.') END"
    )


def shown(text: str) -> str:
    """Return SQL that quotes the beginning of a text for people."""
    return f"'''' || regexp_replace(left({text}, 40), '[[:cntrl:]]', '?', 'g') || ''''"


def complaint(cell: str, text: str) -> str:
    """Return SQL for the words about a text that is no number."""
    kind = "a whole number; write digits only" if cell in INTEGER_CELLS else "an amount such as 1234.56"
    return (
        f"{shown(text)} || CASE WHEN regexp_full_match({text}, '-[0-9.,]+') THEN ' is negative; write the new total' "
        f"WHEN regexp_full_match({text}, '[0-9]{{13,}}[.]?[0-9]*') THEN ' is too large' "
        f"WHEN regexp_full_match({text}, '[0-9]*[.][0-9]{{7,}}') THEN ' has more than six decimals; round it' "
        f"ELSE ' is not {kind}' END"
    )
