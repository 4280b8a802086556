"""Files of conversions and of exchange rates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adtempo.domain.errors import BadRows, InvalidInput, NotFound
from adtempo.facts.staging import StagedRecords, read_conversions_file, read_rates_file
from adtempo.facts.staging.records import RecordFile
from imported import NOW

CONVERSIONS = "conversion_id,campaign_id,click_time,conversion_time,value,currency,ad_id,observed_at"
GOOD = "o-1,c1,2026-11-01T10:00:00Z,2026-11-02T10:00:00Z,19.99,EUR,a1,2026-11-03T00:00:00Z"


def written(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "records.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8", newline="")
    return path


def conversions(path: Path, *, timezone: str | None = None, skip_bad: Path | None = None) -> StagedRecords:
    return read_conversions_file(RecordFile(path, skip_bad, NOW, NOW, lambda _share: None), timezone=timezone)


def rates(path: Path, *, skip_bad: Path | None = None) -> StagedRecords:
    return read_rates_file(RecordFile(path, skip_bad, NOW, NOW, lambda _share: None))


def test_conversions_are_typed(tmp_path: Path) -> None:
    shared: list[float] = []
    path = written(tmp_path, CONVERSIONS, GOOD, "o-2,c1,,2026-11-02T10:00:00+01:00,0,EUR,,")
    found = read_conversions_file(RecordFile(path, None, NOW, NOW, shared.append), timezone=None)
    assert found.rows == [
        {
            "conversion_id": "o-1",
            "campaign_id": "c1",
            "ad_id": "a1",
            "click_time": datetime(2026, 11, 1, 10, tzinfo=UTC),
            "conversion_time": datetime(2026, 11, 2, 10, tzinfo=UTC),
            "value_micros": 19_990_000,
            "currency": "EUR",
            "observed_at": datetime(2026, 11, 3, tzinfo=UTC),
        },
        {
            "conversion_id": "o-2",
            "campaign_id": "c1",
            "ad_id": None,
            "click_time": None,
            "conversion_time": datetime(2026, 11, 2, 9, tzinfo=UTC),
            "value_micros": 0,
            "currency": "EUR",
            "observed_at": NOW,
        },
    ]
    assert shared[-1] == 1.0


def test_optional_columns_may_be_absent_and_local_times_need_a_zone(tmp_path: Path) -> None:
    header = "conversion_id;campaign_id;conversion_time;value;currency"
    path = written(tmp_path, header, "o-1;c1;2026-11-02T10:00;5;EUR")
    with pytest.raises(BadRows, match=r"2:conversion_time: .* has no offset; .*--timezone"):
        conversions(path)
    found = conversions(path, timezone="Europe/Berlin").rows
    assert found[0]["conversion_time"] == datetime(2026, 11, 2, 9, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="IANA"):
        conversions(path, timezone="Mars")


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("conversion_id", "", "missing"),
        ("conversion_id", "x" * 257, "longer"),
        ("campaign_id", " c", "blank"),
        ("conversion_time", "yesterday", "ISO 8601"),
        ("conversion_time", "2026-10-31T10:00:00Z", "follows its click"),
        ("conversion_time", "2099-10-31T10:00:00Z", "after it was observed"),
        ("value", "-1", "0 or more"),
        ("value", "1e3", "not an amount"),
        ("value", "٣", "0 or more"),
        ("value", "", "missing"),
        ("currency", "eur", "ISO 4217"),
        ("observed_at", "soon", "ISO 8601"),
    ],
)
def test_a_bad_cell_of_a_conversion_is_named(tmp_path: Path, column: str, text: str, words: str) -> None:
    cells = dict(zip(CONVERSIONS.split(","), GOOD.split(","), strict=True))
    path = written(tmp_path, CONVERSIONS, ",".join({**cells, column: text}.values()))
    with pytest.raises(BadRows) as error:
        conversions(path)
    assert error.value.problems[0].row == 2
    assert words in error.value.problems[0].message


def test_repeated_ids_are_counted_once_and_contradictions_are_bad(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        CONVERSIONS,
        GOOD,
        GOOD,
        GOOD.replace("19.99", "20"),
        GOOD.replace("19.99", "20").replace("11-03", "11-04"),
    )
    with pytest.raises(BadRows, match=r"4: contradicts line 2"):
        conversions(path)
    found = conversions(path, skip_bad=tmp_path / "rejects.csv")
    assert (len(found.rows), found.repeated, found.rejected) == (2, 1, 1)
    assert (tmp_path / "rejects.csv").read_text("utf-8").splitlines()[1].startswith('4,"contradicts line 2')


def test_a_skipped_local_time_is_a_bad_row(tmp_path: Path) -> None:
    header = "conversion_id,campaign_id,conversion_time,value,currency"
    path = written(tmp_path, header, "o-1,c1,2026-03-29T02:30,5,EUR", "short")
    with pytest.raises(BadRows) as error:
        conversions(path, timezone="Europe/Berlin")
    assert [problem.row for problem in error.value.problems] == [2, 3]
    assert "did not exist" in error.value.problems[0].message


def test_rates_are_exact(tmp_path: Path) -> None:
    path = written(tmp_path, "date,currency,base,rate", "2026-11-07,EUR,USD,1.084213", "2026-11-07,EUR,USD,1.084213")
    found = rates(path)
    assert found.rows == [
        {"date": date(2026, 11, 7), "currency": "EUR", "base": "USD", "rate": Decimal("1.084213"), "observed_at": NOW}
    ]
    assert found.repeated == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2026-11-07,EUR,USD,0", "above 0"),
        ("2026-11-07,EUR,USD,1e3", "above 0"),
        ("2026-11-07,EUR,EUR,2", "cannot be worth"),
        ("2026-11-07T01:00,EUR,USD,1", "plain date"),
        ("7.11.2026,EUR,USD,1", "ISO 8601"),
        ("2026-11-07,Euro,USD,1", "ISO 4217"),
    ],
)
def test_a_bad_rate_is_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(BadRows) as error:
        rates(written(tmp_path, "date,currency,base,rate", line))
    assert words in error.value.message


def test_files_that_hold_no_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        rates(tmp_path / "absent.csv")
    with pytest.raises(InvalidInput, match="lacks base, rate"):
        rates(written(tmp_path, "date,currency", "2026-11-07,EUR"))
    with pytest.raises(InvalidInput, match="stands there twice"):
        rates(written(tmp_path, "date,currency,base,rate,rate", "2026-11-07,EUR,USD,1,1"))
    with pytest.raises(InvalidInput, match="no rows"):
        rates(written(tmp_path, "date,currency,base,rate"))
    table = pa.table({"date": ["2026-11-07"], "currency": ["EUR"], "base": ["USD"], "rate": ["1"]})
    pq.write_table(table, tmp_path / "rates.parquet")
    with pytest.raises(InvalidInput, match="must be CSV"):
        rates(tmp_path / "rates.parquet")


def test_a_file_with_only_bad_rows_leaves_nothing_but_its_rejects(tmp_path: Path) -> None:
    path = written(tmp_path, "date,currency,base,rate", "x,EUR,USD,1")
    found = rates(path, skip_bad=tmp_path / "rejects.csv")
    assert (len(found.rows), found.rejected) == (0, 1)
