"""The real file of daily display ads: its totals to the last micro, and its five rows that stand twice."""

import csv
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adtempo.domain.errors import BadRows, InvalidInput
from adtempo.facts.staging import read
from imported import stage

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
FILE = SHARED / "data" / "online_ads_daily" / "online_advertising_performance_data.csv"
OPTIONS = {"year": 2020, "timezone": "Europe/Berlin", "currency": "EUR"}
KEY = ("month", "day", "campaign_number", "user_engagement", "banner", "placement")

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the shared data folder is absent (set ADTEMPO_SHARED)")


def independent_totals(value: str) -> dict[str, Any]:
    """Sum the file without the second copies of its rows, with nothing but csv and Decimal."""
    totals: Counter[str] = Counter()
    seen = set()
    repeated = []
    with FILE.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            key = tuple(row[name] for name in KEY)
            if key in seen:
                repeated.append(line)
                continue
            seen.add(key)
            totals["rows"] += 1
            totals["impressions"] += int(row["displays"])
            totals["clicks"] += int(row["clicks"])
            for name, column in (("spend", "cost"), ("conversions", "post_click_conversions"), ("value", value)):
                totals[name] += int(Decimal(row[column]) * 1_000_000)
    return {**totals, "repeated": repeated}


@pytest.mark.parametrize("direct", [False, True], ids=["numbered", "direct"])
@pytest.mark.parametrize("value", ["post_click_sales_amount", "revenue"])
def test_totals_are_those_of_an_independent_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, direct: bool
) -> None:
    if direct:
        monkeypatch.setattr(read, "DIRECT_BYTES", 0)
    expected = independent_totals(value)
    option = {"value": value} if value == "revenue" else {}
    found = stage(FILE, tmp_path / "spill", skip_bad=tmp_path / "rejects.csv", **OPTIONS, **option)
    sums = found.rows(
        "count(*), sum(impressions), sum(clicks), sum(spend_micros), sum(conversions_micros), "
        "sum(conversion_value_micros)"
    )
    names = ("rows", "impressions", "clicks", "spend", "conversions", "value")
    assert sums == [tuple(expected[name] for name in names)]
    assert [problem.row for problem in found.file.problems] == expected["repeated"]
    assert found.file.rejected == 5


def test_a_plain_import_names_all_five_repeated_rows(tmp_path: Path) -> None:
    with pytest.raises(BadRows) as error:
        stage(FILE, tmp_path / "spill", **OPTIONS)
    assert [problem.row for problem in error.value.problems] == independent_totals("revenue")["repeated"]
    assert error.value.total == 5


def test_missing_placements_and_excess_conversions_are_verdicts(tmp_path: Path) -> None:
    found = stage(FILE, tmp_path / "spill", skip_bad=tmp_path / "rejects.csv", **OPTIONS)
    verdicts = {verdict.rule: verdict.count for verdict in found.file.verdicts}
    assert verdicts["missing_placement"] == 413
    assert verdicts["more_conversions_than_clicks"] == 328


@pytest.mark.parametrize("option", ["year", "timezone", "currency"])
def test_what_the_file_does_not_say_must_be_said(tmp_path: Path, option: str) -> None:
    rest: dict[str, Any] = {name: said for name, said in OPTIONS.items() if name != option}
    with pytest.raises(InvalidInput, match=f"--{option}"):
        stage(FILE, tmp_path / "spill", **rest)
