"""What a text in a file means as a count and as an amount, against Python's own reading of it."""

import re
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.facts.staging.numbers import typed

COUNT = re.compile(r"([0-9]{1,18})(?:[.]0+)?")
AMOUNT = re.compile(r"[0-9]{1,12}(?:[.][0-9]{0,6}0*)?|[.][0-9]{1,6}0*")

DIGITS = st.text("0123456789", max_size=20)
WRITTEN = st.builds("{}{}{}{}".format, st.sampled_from(["", "0", "-", " "]), DIGITS, st.sampled_from(["", "."]), DIGITS)
TEXTS = st.lists(st.one_of(WRITTEN, st.text("0123456789._-+e, \n", max_size=8)), min_size=1, max_size=200)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


@given(texts=TEXTS)
def test_a_text_means_the_number_that_is_plainly_written_or_none(
    con: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    con.register("texts", pa.table({"text": texts}))
    found = con.execute(f"SELECT text, {typed('clicks', 'text')}, {typed('spend', 'text')} FROM texts").fetchall()
    assert found == [(text, _count(text), _micros(text)) for text in texts]


def _count(text: str) -> int | None:
    match = COUNT.fullmatch(text)
    return None if match is None else int(match[1])


def _micros(text: str) -> int | None:
    return int(Decimal(text) * 1_000_000) if AMOUNT.fullmatch(text) else None
