"""Answers as frames: a row per answer, a column per figure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl
import pytest

from adtempo import to_pandas, to_polars


class Kind(Enum):
    GOOD = "good"


@dataclass(frozen=True)
class Inner:
    name: str
    kind: Kind = Kind.GOOD


@dataclass(frozen=True)
class Outer:
    inner: Inner
    amount: int | None
    others: tuple[Inner, ...] = (Inner("z"),)

    @property
    def itself(self) -> Inner:
        return self.inner

    @property
    def doubled(self) -> int | None:
        return self.amount and 2 * self.amount


ONE, OTHER = Outer(Inner("a"), 1), Outer(Inner("b"), None)


def test_what_lies_inside_and_what_follows_from_it_are_columns() -> None:
    frame = to_pandas([ONE, OTHER])
    assert list(frame) == ["inner.name", "inner.kind", "amount", "doubled"]
    assert frame["inner.kind"].tolist() == ["good", "good"]
    assert frame["doubled"][0] == 2


def test_one_answer_is_one_row_and_a_mapping_a_row_per_item() -> None:
    assert len(to_pandas(ONE)) == 1
    assert to_pandas({Inner("c"): ONE})["name"].tolist() == ["c"]
    assert to_pandas(()).empty


def test_polars_holds_the_same() -> None:
    frame = to_polars([ONE, OTHER])
    assert frame["amount"].to_list() == [1, None]
    assert frame.schema["inner.kind"] == pl.String
    assert frame.to_dicts() == [
        {"inner.name": "a", "inner.kind": "good", "amount": 1, "doubled": 2},
        {"inner.name": "b", "inner.kind": "good", "amount": None, "doubled": None},
    ]


def test_what_has_no_columns_is_refused() -> None:
    with pytest.raises(TypeError, match="1 is no dataclass"):
        to_pandas([1])
