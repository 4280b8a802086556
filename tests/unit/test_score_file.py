"""`timestamp,value` in, `timestamp,value,anomaly_score` out."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.domain.errors import InvalidInput
from adtempo.stats.anomaly import score_series
from adtempo.tracking.score_file import score_file


def written(folder: Path, text: str) -> Path:
    path = folder / "in.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_row_gets_its_score_and_stays_as_it_was(tmp_path: Path) -> None:
    moments = np.arange("2026-01-05", "2026-02-20", dtype="datetime64[h]")
    values = np.where(np.arange(len(moments)) == 900, 500.0, 10.0 + np.arange(len(moments)) % 3)
    lines = [f"{str(moment).replace('T', ' ')}:00:00,{value}" for moment, value in zip(moments, values, strict=True)]
    target = tmp_path / "out.csv"
    assert score_file(written(tmp_path, "\n".join(["timestamp,value", *lines])), target) == len(moments)
    header, *rows = target.read_text("utf-8").splitlines()
    assert header == "timestamp,value,anomaly_score"
    assert [row.rpartition(",")[0] for row in rows] == lines
    assert [float(row.rpartition(",")[2]) for row in rows] == score_series(moments, values).tolist()
    assert float(rows[900].rpartition(",")[2]) >= 0.5


def test_columns_may_stand_anywhere_and_offsets_are_their_own_clock(tmp_path: Path) -> None:
    source = written(tmp_path, "name,value, timestamp\na,1,2026-01-05T00:00:00+02:00\n\nb, 2 ,2026-01-05 01:00:00\n")
    assert score_file(source, tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[2] == "2026-01-05 01:00:00, 2 ,0.0"


def test_rows_are_scored_in_the_order_of_their_times(tmp_path: Path) -> None:
    moments = np.arange("2026-01-05", "2026-02-20", dtype="datetime64[h]")
    values = np.where(np.arange(len(moments)) == 900, 500.0, 10.0 + np.arange(len(moments)) % 3)
    lines = [f"{moment}:00,{value}" for moment, value in zip(moments, values, strict=True)]

    def scored(rows: list[str]) -> list[str]:
        score_file(written(tmp_path, "\n".join(["timestamp,value", *rows])), tmp_path / "out.csv")
        return (tmp_path / "out.csv").read_text("utf-8").splitlines()[1:]

    assert scored(lines[::-1]) == scored(lines)[::-1]
    mixed = np.random.default_rng(7).permutation(len(lines)).tolist()
    assert sorted(scored([lines[place] for place in mixed])) == scored(lines)


def test_a_repeated_hour_stays_in_its_place(tmp_path: Path) -> None:
    rows = [
        "2026-10-25T01:30,1",
        "2026-10-25T02:00,2",
        "2026-10-25T02:30,3",
        "2026-10-25T02:00,4",
        "2026-10-25T02:30,5",
    ]
    begun = [f"2026-10-{day:02}T{hour:02}:00,{hour % 5}" for day in range(1, 25) for hour in range(24)]
    target = tmp_path / "out.csv"

    def scored(end: int) -> list[str]:
        score_file(written(tmp_path, "\n".join(["timestamp,value", *begun, *rows[:end]])), target)
        return target.read_text("utf-8").splitlines()

    for end in range(1, len(rows)):
        assert scored(len(rows))[: end + len(begun) + 1] == scored(end)


def test_a_row_that_is_longer_than_the_header_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="in.csv:3:value: the row has more columns than the header"):
        score_file(written(tmp_path, "timestamp,value\n2026-01-05,1\n2026-01-06,1,5\n"), tmp_path / "out.csv")


def test_a_file_with_a_header_only_gives_a_header(tmp_path: Path) -> None:
    assert score_file(written(tmp_path, "timestamp,value\n"), tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").read_text("utf-8") == "timestamp,value,anomaly_score\n"


@pytest.mark.parametrize("value", ["", "much", "nan", "inf", "1_000"])
def test_what_is_no_number_is_named_by_file_row_and_column(tmp_path: Path, value: str) -> None:
    source = written(tmp_path, f"timestamp,value\n2026-01-05,1\n2026-01-06,{value}\nlater,3\n")
    with pytest.raises(InvalidInput) as refusal:
        score_file(source, tmp_path / "out.csv")
    assert "in.csv:3:value: " in refusal.value.message
    assert "in.csv:4:timestamp: 'later' is not a time" in refusal.value.message
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "out.csv"
    source = written(tmp_path, "timestamp,value\n2026-01-05,1\n")
    result = CliRunner().invoke(app, ["anomalies", "score", str(source), "--output", str(target)])
    assert result.exit_code == 4
    assert f"{target}: No such file or directory; name another file, or make its folder" in result.stderr


def test_a_row_that_ends_early_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="in.csv:3:value: the row ends before"):
        score_file(written(tmp_path, "timestamp,value\n2026-01-05,1\n2026-01-06\n"), tmp_path / "out.csv")


def test_the_first_twenty_problems_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="(?s)25 problems; nothing was written.*and 5 more"):
        score_file(written(tmp_path, "timestamp,value\n" + "2026-01-05,x\n" * 25), tmp_path / "out.csv")


@pytest.mark.parametrize("text", ["", "when,value\n", "timestamp\n"])
def test_a_file_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="there is no such column"):
        score_file(written(tmp_path, text), tmp_path / "out.csv")


def test_what_is_no_csv_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"timestamp,value\n\xff\xfe,1\n")
    with pytest.raises(InvalidInput, match="cannot be read"):
        score_file(tmp_path / "in.csv", tmp_path / "out.csv")
    with pytest.raises(InvalidInput, match="cannot be read"):
        score_file(tmp_path / "absent.csv", tmp_path / "out.csv")
