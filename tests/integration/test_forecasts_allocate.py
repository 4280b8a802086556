"""`forecasts allocate`: a plain file in, the best split of a total out, and one clear answer to every bad file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.stats.response import shared

NAMES = ("date", "place", "sales", "search", "social")
Cells = list[list[str]]


@pytest.fixture(autouse=True)
def short_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is what is read and said; a short walk is enough for it."""
    monkeypatch.setattr(shared, "_WARM_UP", 30)
    monkeypatch.setattr(shared, "_KEPT", 30)


def table(rows: int = 30, step: str = "W", place: str = "Rome", seed: int = 1) -> Cells:
    """Return rows in which search brings up to 200 and social up to 20."""
    rng = np.random.default_rng(seed)
    spend = rng.lognormal(3.0, 0.7, (rows, 2)).round(2)
    sales = (
        300 + 200 * spend[:, 0] / (spend[:, 0] + 20) + 20 * spend[:, 1] / (spend[:, 1] + 20) + rng.normal(0, 5, rows)
    )
    moments = np.datetime64("2026-01-05") + np.arange(rows).astype(f"timedelta64[{step}]")
    return [
        [str(day), place, f"{sold:.2f}", str(a), str(b)]
        for day, sold, (a, b) in zip(moments, sales, spend, strict=True)
    ]


def asked(folder: Path, cells: Cells, *more: str, total: str = "60", names: tuple[str, ...] = NAMES) -> tuple[int, str]:
    """Return exit code and what was said."""
    source = folder / "past.csv"
    source.write_text("\n".join(",".join(row) for row in [list(names), *cells]), encoding="utf-8")
    words = ["--file", str(source), "--date", "date", "--outcome", "sales", "--total", total]
    spend = () if "--spend" in more else ("--spend", "search,social")
    result = CliRunner().invoke(app, ["forecasts", "allocate", *words, *spend, *more])
    return result.exit_code, result.output


def answered(folder: Path, cells: Cells, *more: str, total: str = "60") -> dict[str, Any]:
    code, said = asked(folder, cells, *more, "--json", total=total)
    assert code == 0, said
    body: dict[str, Any] = json.loads(said)
    return body


def test_money_goes_where_it_brings_more_and_sums_to_the_total(tmp_path: Path) -> None:
    body = answered(tmp_path, table(), total="60.01")
    assert body["allocation"]["search"] > body["allocation"]["social"]
    assert sum(round(100 * amount) for amount in body["allocation"].values()) == 6001
    assert body["low80"] <= body["expected"] <= body["high80"]
    assert body["expected"] >= max(body["today"], body["equal_split"])
    assert body["channels"]["search"]["next_1000"]["extrapolates"]
    assert body["gap"] < 0.01 * body["expected"]


def test_bounds_are_kept_to_the_cent(tmp_path: Path) -> None:
    body = answered(tmp_path, table(), "--max", "search=33.33", "--max", "social=20..50", total="60")
    assert body["allocation"] == {"search": 33.33, "social": 26.67}
    body = answered(tmp_path, table(), "--max", "search=33.333", "--max", "social=26.667", total="60")
    assert sum(body["allocation"].values()) == pytest.approx(60, abs=1e-9)


def test_every_place_has_a_plan_of_its_own(tmp_path: Path) -> None:
    cells = [*table(), *table(place="Oslo", seed=2)]
    body = answered(tmp_path, cells, "--group", "place")
    assert list(body["groups"]) == ["Rome", "Oslo"]
    for plan in body["groups"].values():
        assert sum(plan["allocation"].values()) == pytest.approx(60)
    assert sum(body["allocation"].values()) == pytest.approx(60)
    code, said = asked(tmp_path, cells, "--group", "place")
    assert code == 0
    assert "place Rome" in said


def test_a_row_without_its_place_is_named(tmp_path: Path) -> None:
    assert asked(tmp_path, changed(3, "place", ""), "--group", "place") == (
        4,
        "error: past.csv:5:place: nothing stands in it; write the place\n",
    )


def test_what_was_never_tried_is_said(tmp_path: Path) -> None:
    body = answered(tmp_path, table(), total="900")
    assert "never tried: " in body["note"]
    assert body["unseen"] > 0
    code, said = asked(tmp_path, table(), "--group", "place", total="900")
    assert code == 0
    assert "never spent so much" in said
    assert "more than was ever spent in: Rome" in answered(tmp_path, table(), "--group", "place", total="900")["note"]


def test_a_person_reads_a_table_and_sentences(tmp_path: Path) -> None:
    code, said = asked(tmp_path, table())
    assert code == 0
    assert "proposed" in said
    assert "more than today's split of the same total: " in said


def test_noise_alone_is_called_a_guess(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    cells = [[*row[:2], f"{sold:.1f}", *row[3:]] for row, sold in zip(table(), rng.uniform(200, 400, 30), strict=True)]
    body = answered(tmp_path, cells)
    assert "guess" in body["note"] or body["gain_today"]["low80"] > 0


@pytest.mark.parametrize("step", ["D", "h"])
def test_days_and_hours_are_as_good_as_weeks(tmp_path: Path, step: str) -> None:
    assert sum(answered(tmp_path, table(step=step))["allocation"].values()) == pytest.approx(60)


def test_rows_may_be_numbered_and_a_total_may_be_finer_than_cents(tmp_path: Path) -> None:
    cells = [[str(number), *row[1:]] for number, row in enumerate(table(), start=1)]
    assert sum(answered(tmp_path, cells, total="0.0003")["allocation"].values()) == pytest.approx(0.0003, abs=1e-9)


def changed(row: int, column: str, text: str) -> Cells:
    cells = table()
    cells[row][NAMES.index(column)] = text
    return cells


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (table(2), "2 rows are too few to learn from; at least 10"),
        ([], "has no rows below its header"),
        (changed(3, "search", "-5"), "past.csv:5:search: -5 is not an amount of at least 0"),
        (changed(3, "sales", ""), "past.csv:5:sales: an empty cell is not an amount of at least 0"),
        (changed(3, "social", "much"), "past.csv:5:social: 'much' is no number"),
        (changed(3, "date", "soon"), "past.csv:5:date: 'soon' is no date"),
        (
            changed(3, "date", "2026-01-05"),
            "stands in row 2 already; keep one of the two, or tell them apart by --group",
        ),
        ([*table()[:7], *table()[8:]], "past.csv: rows are missing after 2026-02-16 00:00:00"),
        ([*table(), ["2026-08-13 07:31:01", *table()[0][1:]]], "rows are missing after"),
        ([[*row[:4], "0"] for row in table()], "nothing was ever spent on social: leave it out of --spend"),
        ([[*row[:2], "0", *row[3:]] for row in table()], "sales is always 0"),
    ],
)
def test_a_history_that_tells_nothing_is_refused_by_place(tmp_path: Path, cells: Cells, said: str) -> None:
    code, output = asked(tmp_path, cells)
    assert code == 4
    assert said in output


@pytest.mark.parametrize(
    ("more", "total", "code", "said"),
    [
        (("--max", "search=50..20"), "60", 4, "search: at least 50 and at most 20 contradict each other"),
        (("--max", "search=50..90", "--max", "social=20..90"), "60", 4, "below the sum of the minima, 70"),
        (("--max", "search=20", "--max", "social=20"), "60", 4, "above the sum of the maxima, 40"),
        (("--max", "radio=20"), "60", 4, "radio has a bound but is no spend column; these are: search, social"),
        (("--max", "search"), "60", 2, "name each column once"),
        (("--max", "search=1", "--max", "search=2"), "60", 2, "name each column once"),
        (("--max", "search=many"), "60", 2, "'many' is not an amount"),
        ((), "1_000", 2, "not an amount"),
        ((), "-3", 2, "not an amount"),
        ((), "0", 4, "a total of 0 leaves nothing to split"),
        (("--spend", ","), "60", 4, "no column of spend is named"),
        (("--spend", "search,radio"), "60", 4, "past.csv:1:radio: there is no such column"),
        (("--spend", "search,sales"), "60", 4, "one column is named twice"),
        (("--group", "town"), "60", 4, "past.csv:1:town: there is no such column"),
    ],
)
def test_a_question_that_contradicts_itself_is_answered_clearly(
    tmp_path: Path, more: tuple[str, ...], total: str, code: int, said: str
) -> None:
    found, output = asked(tmp_path, table(), *more, total=total)
    assert found == code
    assert said in " ".join(output.replace("│", " ").split())
