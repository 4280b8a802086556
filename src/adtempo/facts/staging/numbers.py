"""Numbers in files, in SQL: only of texts that are plainly written numbers, exact to the last micro.

A bare cast would make numbers of ``1_000``, `` 12 ``, ``1e3`` and ``12.7`` for an integer. So a number counts when
writing it gives its text again, or else, which takes longer and is rare, when the text follows a pattern. Amounts are
decimals, so no float is ever involved.
"""

from __future__ import annotations

from adtempo.facts.formats.base import INTEGER_CELLS

_MOST = 10**18 - 1
_WHOLE = "[0-9]{1,18}"
_WHOLE_AS_DECIMAL = "([0-9]{1,18})[.]0+"
_AMOUNT = "(?:[0-9]{1,12}(?:[.][0-9]{0,6}0*)?|[.][0-9]{1,6}0*)"
_GROUPED = {".": "[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?", ",": "[0-9]{1,3}(?:[.][0-9]{3})+(?:,[0-9]+)?"}


def typed(cell: str, text: str) -> str:
    """Return SQL for the integer (count or micros) that a text means; null when it means none."""
    if cell in INTEGER_CELLS:
        count = f"TRY_CAST({text} AS BIGINT)"
        return (
            f"CASE WHEN {text} = CAST({count} AS VARCHAR) AND {count} BETWEEN 0 AND {_MOST} THEN {count} "
            f"WHEN regexp_full_match({text}, '{_WHOLE}') THEN CAST({text} AS BIGINT) "
            f"WHEN regexp_full_match({text}, '{_WHOLE_AS_DECIMAL}') "
            f"THEN CAST(regexp_extract({text}, '{_WHOLE_AS_DECIMAL}', 1) AS BIGINT) END"
        )
    amount = f"TRY_CAST({text} AS DECIMAL(18, 6))"
    return (
        f"CASE WHEN starts_with(CAST({amount} AS VARCHAR), {text}) AND {amount} BETWEEN 0 AND 999999 "
        f"THEN CAST({amount} * 1000000 AS BIGINT) "  # larger ones would overflow there
        f"WHEN regexp_full_match({text}, '{_AMOUNT}') "
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
