"""Answers as tables: dataclasses in, a pandas or a Polars frame out, one column per field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def to_pandas(answer: object) -> pd.DataFrame:
    """Return an answer as a pandas frame.

    Args:
        answer: A dataclass (one row), several of them (a row each), or a mapping between them (a row per item). What
            lies inside has columns of its own, `outer.inner`; properties have columns too. A list inside is a table
            of its own: ask for it by its name.
    """
    import pandas as pd

    return pd.DataFrame(list(_rows(answer)))


def to_polars(answer: object) -> pl.DataFrame:
    """Return an answer as a Polars frame, as `to_pandas` does."""
    import polars as pl

    return pl.DataFrame(list(_rows(answer)), infer_schema_length=None)


def _rows(answer: object) -> Iterator[dict[str, Any]]:
    if isinstance(answer, Mapping):
        yield from ({**dict(_cells(key)), **dict(_cells(value))} for key, value in answer.items())
    elif isinstance(answer, Iterable):
        yield from (dict(_cells(one)) for one in answer)
    else:
        yield dict(_cells(answer))


def _cells(thing: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not is_dataclass(thing):
        raise TypeError(f"{thing!r} is no dataclass, so it has no columns")
    for field in fields(thing):
        value = getattr(thing, field.name)
        if is_dataclass(value):
            yield from _cells(value, f"{prefix}{field.name}.")
        elif not isinstance(value, tuple | list | Mapping):
            yield f"{prefix}{field.name}", value.value if isinstance(value, Enum) else value
    for name, member in vars(type(thing)).items():
        if isinstance(member, property) and isinstance(value := getattr(thing, name), str | int | float | None):
            yield f"{prefix}{name}", value
