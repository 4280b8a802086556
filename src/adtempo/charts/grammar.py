"""The few words that charts are written in: parts of Vega-Lite documents, as plain dictionaries.

Building them out of Altair's objects took as long as drawing the picture: each part is copied and checked many times.
Here the tests hold every document to the schema of Vega-Lite once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Document = dict[str, Any]
"""A part of a Vega-Lite document, or a whole one."""

Column = Sequence[Any] | NDArray[Any]

TYPES = {"Q": "quantitative", "T": "temporal", "O": "ordinal", "N": "nominal"}


def field(name: str, **look: Any) -> Document:
    """Return a channel that reads a column.

    Args:
        name: Of the column, with the letter of its type behind a colon; without a type for the end of an interval.
        look: Its title, scale, axis, legend or format.
    """
    column, _, letter = name.partition(":")
    return {"field": column} | ({"type": TYPES[letter]} if letter else {}) | look


def rows(columns: Mapping[str, Column]) -> Document:
    """Return columns of one length as the data of layers; numbers that are not finite become null."""
    plain = [_plain(column) for column in columns.values()]
    return {"values": [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]}


def mark(kind: str, channels: Document, data: Document | None = None, **look: Any) -> Document:
    """Return a layer: marks of one kind.

    Args:
        channels: What their places, colours and texts read.
        data: Its own rows; None for those of the chart.
        look: How all of them look: a style of `theme.py`, and what differs from it.
    """
    return ({} if data is None else {"data": data}) | {"mark": {"type": kind, **look}, "encoding": channels}


def _plain(column: Column) -> Sequence[Any]:
    if not isinstance(column, np.ndarray):
        return column
    if column.dtype.kind != "f":
        return column.tolist()  # type: ignore[no-any-return]
    return [number if known else None for number, known in zip(column.tolist(), np.isfinite(column), strict=True)]
