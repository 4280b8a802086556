"""Every way in which a file can be wrong is said with its place and its cure."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adtempo.domain.errors import BadRows, InvalidInput, NotFound
from adtempo.facts.staging import read
from imported import CANONICAL_HEADER, EXPORTS, canonical, row, stage

BAD_CELLS = [
    ("platform", "myspace", "none of meta"),
    ("platform", "", "missing"),
    ("account_id", "", "missing"),
    ("account_id", "a\x07", "control character"),
    ("account_timezone", "Mars/Base", "not an IANA time zone"),
    ("account_timezone", "../etc/passwd", "not an IANA time zone"),
    ("account_timezone", "", "missing"),
    ("currency", "usd", "ISO 4217"),
    ("campaign_id", "", "missing"),
    ("campaign_id", "1.2021E+17", "spreadsheet"),
    ("campaign_id", " c1", "blank"),
    ("campaign_id", "c\x00", "control character"),
    ("campaign_id", "c" * 257, "longer"),
    ("grain", "week", "hour or day"),
    ("grain", "", "missing"),
    ("slot_start", "", "missing"),
    ("slot_start", "7.11.2026", "ISO 8601"),
    ("slot_start", "2026-02-30", "not a time"),
    ("slot_start", "0001-01-01", "plausible"),
    ("slot_start", "2026-11-07T05:00", "start of a day"),
    ("slot_start", "2026-11-07T00:00+99:00", "offset"),
    ("impressions", "1_000", "whole number"),
    ("impressions", " 12 ", "whole number"),
    ("impressions", "1e3", "whole number"),
    ("impressions", "12.7", "whole number"),
    ("impressions", "-1", "negative"),
    ("impressions", "NaN", "whole number"),
    ("impressions", "9" * 30, "too large"),
    ("impressions", "\u0661\u0662", "whole number"),
    ("clicks", "inf", "whole number"),
    ("clicks", "5\x00", "whole number"),
    ("clicks", "+5", "whole number"),
    ("spend", "12.3456789", "six decimals"),
    ("spend", "9999999999999", "too large"),
    ("spend", '"1,234.50"', "amount"),
    ("spend", "-0.01", "negative"),
    ("spend", "1e3", "amount"),
    ("spend", ".", "amount"),
    ("spend", "$5", "amount"),
]


@pytest.mark.parametrize("direct", [False, True], ids=["numbered", "direct"])
@pytest.mark.parametrize(("column", "text", "words"), BAD_CELLS)
def test_a_bad_cell_is_named_by_line_and_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, text: str, words: str, direct: bool
) -> None:
    if direct:
        monkeypatch.setattr(read, "DIRECT_BYTES", 0)
    path = canonical(tmp_path, row(slot_start="2026-11-01"), row(**{column: text}), row(slot_start="2026-11-02"))
    with pytest.raises(BadRows) as error:
        stage(path, tmp_path / "spill")
    assert error.value.total == 1
    problem = error.value.problems[0]
    assert (problem.file, problem.row, problem.column) == (str(path), 3, column)
    assert words in problem.message


def test_a_skipped_hour_is_a_bad_row(tmp_path: Path) -> None:
    path = canonical(tmp_path, row(account_timezone="America/New_York", grain="hour", slot_start="2026-03-08T02:00"))
    with pytest.raises(BadRows, match=r"2:slot_start: 2026-03-08 02:00 did not exist in America/New_York"):
        stage(path, tmp_path / "spill")


@pytest.mark.parametrize("slot", ["2026-11-07T12:30:00Z", "2026-11-07T12:00:01", "2026-11-07T12:00:00.5"])
def test_an_hour_begins_on_a_full_hour_of_the_clock(tmp_path: Path, slot: str) -> None:
    with pytest.raises(BadRows, match="not the start of an hour"):
        stage(canonical(tmp_path, row(grain="hour", slot_start=slot)), tmp_path / "spill")


def test_lines_count_quoted_newlines_blank_lines_and_preamble(tmp_path: Path) -> None:
    path = tmp_path / "google.csv"
    path.write_text(
        'Campaign report\n"November 1, 2026"\n"Day","Campaign",Clicks,Cost,Impr.,Currency code\n'
        '2026-11-01,"a\nb",1,1.00,10,USD\n\n2026-11-01,c,x,1.00,10,USD\n',
        encoding="utf-8",
    )
    with pytest.raises(BadRows) as error:
        stage(path, tmp_path / "spill", timezone="UTC")
    assert [(problem.row, problem.column) for problem in error.value.problems] == [
        (4, "Campaign"),
        (7, "Clicks"),
    ]


def test_the_first_twenty_problems_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    path = canonical(tmp_path, *(row(spend="x", clicks="y") for _ in range(30)))
    with pytest.raises(BadRows) as error:
        stage(path, tmp_path / "spill")
    assert (len(error.value.problems), error.value.total) == (20, 60)
    assert "... and 40 more" in error.value.message


def test_the_same_key_twice_is_a_bad_row_whether_equal_or_not(tmp_path: Path) -> None:
    path = canonical(tmp_path, row(), row(slot_start="2026-11-08"), row(), row(spend="9"))
    with pytest.raises(BadRows) as error:
        stage(path, tmp_path / "spill")
    assert [problem.row for problem in error.value.problems] == [4, 5]
    assert "as line 2" in error.value.problems[1].message


def test_a_third_equal_local_hour_is_a_bad_row(tmp_path: Path) -> None:
    hour = row(account_timezone="America/New_York", grain="hour", slot_start="2026-11-01T01:00")
    with pytest.raises(BadRows) as error:
        stage(canonical(tmp_path, hour, hour, hour), tmp_path / "spill")
    assert [problem.row for problem in error.value.problems] == [4]


def test_skip_bad_writes_bad_rows_as_they_stood_and_keeps_the_rest(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    path = canonical(tmp_path, row(), row(spend='"1,2"', clicks="x"), row(), row(slot_start="2026-11-08") + ",extra")
    found = stage(path, tmp_path / "spill", skip_bad=rejects)
    assert (found.file.rows, found.file.rejected) == (1, 3)
    assert found.rows("day_local::VARCHAR, spend_micros") == [("2026-11-07", 1_250_000)]
    lines = rejects.read_text("utf-8").splitlines()
    assert lines[0] == f"line,reason,{CANONICAL_HEADER}"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "4", "5"]
    assert lines[1].endswith('meta,act_1,UTC,USD,c1,day,2026-11-07,100,x,"1,2"')
    assert lines[3].endswith(",extra")


def test_mended_rejects_can_be_imported(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    stage(canonical(tmp_path, row(), row(slot_start="2026-11-08", spend="1x")), tmp_path / "a", skip_bad=rejects)
    mended = tmp_path / "mended.csv"
    mended.write_text(rejects.read_text("utf-8").replace("1x", "1"), encoding="utf-8")
    assert stage(mended, tmp_path / "b").rows("spend_micros") == [(1_000_000,)]


def test_bad_rows_of_parquet_are_counted_from_one(tmp_path: Path) -> None:
    names = CANONICAL_HEADER.split(",")
    cells = [row().split(","), row(spend="x").split(",")]
    path = tmp_path / "facts.parquet"
    pq.write_table(pa.table([pa.array(list(column)) for column in zip(*cells, strict=True)], names=names), path)
    with pytest.raises(BadRows, match=r"facts.parquet:2:spend: 'x' is not an amount"):
        stage(path, tmp_path / "spill")
    found = stage(path, tmp_path / "again", skip_bad=tmp_path / "rejects.csv")
    assert found.file.rejected == 1
    assert (tmp_path / "rejects.csv").read_text("utf-8").splitlines()[1].endswith(",x")


@pytest.mark.parametrize("direct", [False, True], ids=["numbered", "direct"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("meta,act_1", "has 2 cells where the header has 10"),
        ('"meta"x,act_1,UTC,USD,c1,day,2026-11-07,100,5,1.25', "cannot be read as CSV"),
        ('"meta,act_1,UTC,USD,c1,day,2026-11-07,100,5,1.25', "cannot be read as CSV"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str, direct: bool
) -> None:
    if direct:
        monkeypatch.setattr(read, "DIRECT_BYTES", 0)
    with pytest.raises(BadRows) as error:
        stage(canonical(tmp_path, row(), line), tmp_path / "spill")
    assert error.value.problems[0].row == 3
    assert words in error.value.problems[0].message
    found = stage(tmp_path / "facts.csv", tmp_path / "again", skip_bad=tmp_path / "rejects.csv")
    assert (found.file.rows, found.file.rejected) == (1, 1)


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"PAR1rest", "Parquet"),
        (b"a,b,c\n1,2,3\n", "its columns are: a, b, c"),
        (CANONICAL_HEADER.encode() + b"\n", "no rows"),
        (CANONICAL_HEADER.encode() + b"\nmeta,\xff\xfe,UTC\n", "is not UTF-8"),
        (b"Campaign,Clicks,Impr.,Cost\nx,1,2,3\n", "add the segment Time > Day"),
        (b"Campaign name,Impressions,Amount spent (USD)\nx,1,2\n", "Breakdown > By time > Day"),
        (b"Day,Campaign,Cost,Currency code\n2026-11-07,x,1,USD\n", "--timezone"),
        (b"Day,Campaign name,Amount spent (USD),Amount spent (EUR)\n2026-11-07,x,1,2\n", "stands there twice"),
        (
            b"Day,Campaign name,Amount spent (USD),Purchases conversion value (EUR)\n2026-11-07,x,1,2\n",
            "one currency at a time",
        ),
        (b"Day,Campaign name,Impressions,Results\n2026-11-07,x,1,2\n", '--conversions "Results"'),
        (b"Day,Campaign ID,Impressions,Clicks\n", "no rows"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_with_advice(tmp_path: Path, content: bytes, words: str) -> None:
    options: dict[str, Any] = {"currency": "USD"} if words == "--timezone" else {"timezone": "UTC", "currency": "USD"}
    with pytest.raises(InvalidInput) as error:
        stage(written(tmp_path, "file.csv", content), tmp_path / "spill", **options)
    assert words in error.value.message
    assert not isinstance(error.value, BadRows)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "excel"}, "known are canonical"),
        ({"format": "tiktok-ads"}, "As a TikTok Ads Manager export it lacks"),
        ({"timezone": "Mars"}, "--timezone Mars"),
        ({"currency": "Euro"}, "--currency Euro"),
        ({"platform": "myspace"}, "--platform myspace"),
        ({"clicks": "Klicks"}, "no column 'Klicks'"),
        ({"skip_bad": Path("/no/such/folder/r.csv")}, "there is no folder"),
        ({"skip_bad": EXPORTS / "canonical_clock_change.csv"}, "the file itself"),
    ],
)
def test_an_option_that_means_nothing_is_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        stage(EXPORTS / "canonical_clock_change.csv", tmp_path / "spill", **options)
    assert words in error.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("columns = 3", "must be a table"),
        ("x =", "not valid TOML"),
        ('[columns]\nspent = "Kosten"', "did you mean spend?"),
        ('zone = "UTC"', "zone means nothing here"),
        ("[columns]\nspend = 3", "must be a text"),
        ('decimal = ";"', "decimal must be"),
        ('missing = "x"', "missing must be a list"),
        ('[columns]\nspend = "Costs"', "not recognised"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tmp_path: Path, content: str, words: str) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        stage(EXPORTS / "any_file.csv", tmp_path / "spill", mapping=mapping)
    assert words in error.value.message


def test_missing_files_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        stage(tmp_path / "absent.csv", tmp_path / "spill")
    with pytest.raises(NotFound, match="no such mapping"):
        stage(EXPORTS / "any_file.csv", tmp_path / "spill", mapping=tmp_path / "absent.toml")


def test_dates_and_numbers_that_can_be_read_two_ways_are_asked_about(tmp_path: Path) -> None:
    dates = written(tmp_path, "d.csv", b"Day,Campaign,Cost,Currency code\n07/11/2026,x,1,USD\n")
    with pytest.raises(InvalidInput, match="date_format"):
        stage(dates, tmp_path / "a", timezone="UTC")
    clear = written(tmp_path, "c.csv", b"Day,Campaign,Cost,Currency code\n07/11/2026,x,1,USD\n17/11/2026,x,1,USD\n")
    assert stage(clear, tmp_path / "b", timezone="UTC").rows("day_local::VARCHAR")[0] == ("2026-11-07",)
    numbers = written(tmp_path, "n.csv", b"Day;Campaign;Cost;Currency code\n2026-11-07;x;1,234;USD\n")
    with pytest.raises(InvalidInput, match="decimal"):
        stage(numbers, tmp_path / "e", timezone="UTC")


def test_an_account_has_one_time_zone_and_one_currency(tmp_path: Path) -> None:
    path = canonical(tmp_path, row(), row(currency="EUR", slot_start="2026-11-08"))
    with pytest.raises(InvalidInput, match="one time zone and one currency"):
        stage(path, tmp_path / "spill")
