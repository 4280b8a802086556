"""Laws of the import: no number is changed, no text breaks it, and local times are those of Python's own zones."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adtempo.domain.errors import AdtempoError, BadRows, InvalidInput
from adtempo.domain.money import parse_micros
from adtempo.facts.staging import checks, read
from adtempo.facts.staging.times import read_iso, resolve_slot
from imported import CANONICAL_HEADER, EXPORTS, Imported, canonical, stage

ZONES = [
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]
PIECES = st.sampled_from(
    [
        "0",
        "1",
        "12",
        "007",
        ".",
        ",",
        "-",
        "+",
        "e3",
        "_",
        " ",
        "\t",
        "\x00",
        "1.5",
        "1,234",
        "%",
        "$",
        "NaN",
        "inf",
        "٣",
        "",
    ]
)
GARBAGE = st.one_of(st.lists(PIECES, max_size=5).map("".join), st.text(max_size=12))
CELLS = st.lists(GARBAGE, min_size=10, max_size=10)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def staged_rows(rows: list[list[str]], *, direct: bool) -> Imported | AdtempoError:
    """Stage a canonical file of quoted cells; an error of ours is a result too."""
    with TemporaryDirectory() as folder, patch.object(read, "DIRECT_BYTES", 0 if direct else 1 << 40):
        path = canonical(Path(folder), *(",".join(map(quoted, row)) for row in rows))
        try:
            found = stage(path, Path(folder) / "spill")
            found.con.execute("CREATE TABLE kept AS FROM incoming")
            found.con.execute("CREATE OR REPLACE TEMP VIEW incoming AS FROM kept")
        except AdtempoError as error:
            return error
        return found


def meant(text: str, kind: str) -> int | None:
    """What a cell means by Decimal arithmetic; None is refused."""
    if kind == "count":
        return int(text.partition(".")[0]) if re.fullmatch(r"[0-9]{1,18}(\.0+)?", text, re.ASCII) else None
    if not text.isascii() or text.startswith(("+", "-")) or len(text.partition(".")[0]) > 12:
        return None
    try:
        return parse_micros(text)
    except InvalidInput:
        return None


@settings(max_examples=25)
@given(st.lists(GARBAGE, min_size=1, max_size=40))
@example(["5.", ".5", ".", "0012", "1.0000000", "999999999999.999999", "1000000000000", "0.0000001"])
def test_a_number_comes_out_as_decimal_arithmetic_on_its_text_or_not_at_all(texts: list[str]) -> None:
    start = date(2020, 1, 1)
    rows = [
        ["meta", "a", "UTC", "USD", "c", "day", str(start + timedelta(days=place)), text, "1", text]
        for place, text in enumerate(texts)
    ]
    found = staged_rows(rows, direct=False)
    expected = {
        str(start + timedelta(days=place)): (meant(text, "count"), meant(text, "money"))
        for place, text in enumerate(texts)
    }
    refused = [day for place, (day, wanted) in enumerate(expected.items()) if texts[place] != "" and None in wanted]
    if refused:
        assert isinstance(found, BadRows)
        lines = {int(day.toordinal() - start.toordinal()) + 2 for day in map(date.fromisoformat, refused)}
        assert found.total >= len(lines)
        return
    assert isinstance(found, Imported)
    assert {
        day: (count, micros) for day, count, micros in found.rows("day_local::VARCHAR, impressions, spend_micros")
    } == expected


@settings(max_examples=20)
@given(st.lists(CELLS, min_size=1, max_size=4))
@example([["meta", "a", "UTC", "USD", "c\x00", "day", "2026-11-07", "1", "1", "1"]])
@example([["meta", "a", "UTC", "USD", "c\r\nd", "day", "2026-11-07", "1", "1", "1"]])
def test_no_text_breaks_the_import_and_both_readings_judge_alike(rows: list[list[str]]) -> None:
    numbered, direct = staged_rows(rows, direct=False), staged_rows(rows, direct=True)
    if isinstance(numbered, Imported):
        assert isinstance(direct, Imported)
        assert numbered.rows("*") == direct.rows("*")
    else:
        assert isinstance(direct, AdtempoError)
        assert re.sub(r"/\S*facts.csv", "", str(direct)) == re.sub(r"/\S*facts.csv", "", str(numbered))


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["c1", "c2"]), st.integers(0, 20)), min_size=1, max_size=12
    ),
    st.booleans(),
)
@example([("a", "c1", 0), ("b", "c1", 0), ("a", "c2", 0), ("a", "c1", 1)], True)
def test_a_file_is_refused_exactly_if_a_key_stands_there_twice(keys: list[tuple[str, str, int]], direct: bool) -> None:
    rows = [["meta", a, "UTC", "USD", c, "day", f"2026-11-{1 + day:02d}", "1", "1", "1"] for a, c, day in keys]
    by_bits = staged_rows(rows, direct=direct)
    with patch.object(checks, "_BITS", 0):
        by_hashes = staged_rows(rows, direct=direct)
    for found in (by_bits, by_hashes):
        assert isinstance(found, BadRows if len(set(keys)) < len(keys) else Imported)
        assert not isinstance(found, BadRows) or found.total == len(keys) - len(set(keys))


@settings(max_examples=20)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "facts.csv"
        path.write_bytes(CANONICAL_HEADER.encode() + b"\n" + content)
        with suppress(AdtempoError):
            stage(path, Path(folder) / "spill")


@settings(max_examples=20)
@given(st.sampled_from([path.name for path in EXPORTS.glob("*.csv")]), st.data())
def test_an_export_with_one_cell_changed_is_read_or_refused(name: str, data: st.DataObject) -> None:
    text = (EXPORTS / name).read_text("utf-8")
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(GARBAGE) + text[place + data.draw(st.integers(0, 8)) :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(changed.encode("utf-8", "replace"))
        with suppress(AdtempoError):
            stage(path, Path(folder) / "spill", timezone="Europe/Berlin")


@given(st.sampled_from(ZONES), st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)))
@example("America/New_York", datetime(2026, 11, 1, 1))
@example("America/New_York", datetime(2026, 3, 8, 2))
@example("Australia/Lord_Howe", datetime(2026, 4, 5, 1))
@example("Pacific/Apia", datetime(2011, 12, 30, 5))
def test_a_local_hour_is_the_first_instant_that_the_zone_shows_it(zone_name: str, moment: datetime) -> None:
    zone = ZoneInfo(zone_name)
    local = moment.replace(minute=0, second=0, microsecond=0)
    around = local.replace(tzinfo=UTC)
    instants = [around + timedelta(minutes=15 * quarter) for quarter in range(-27 * 4, 27 * 4)]
    shown = [instant for instant in instants if instant.astimezone(zone).replace(tzinfo=None) == local]
    try:
        slot = resolve_slot("hour", local.isoformat(), "", zone, read_iso)
    except InvalidInput:
        assert shown == []
        return
    assert slot.slot.replace(tzinfo=UTC) == shown[0]
    assert (slot.second is None) == (len(shown) == 1)
    assert slot.second is None or slot.second.replace(tzinfo=UTC) == shown[1]
    assert (slot.day_local, slot.hour_of_week) == (local.date(), local.weekday() * 24 + local.hour)


@given(st.sampled_from(ZONES), st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)))
def test_an_hour_with_its_offset_is_the_instant_itself(zone_name: str, moment: datetime) -> None:
    zone = ZoneInfo(zone_name)
    instant = moment.replace(minute=0, second=0, microsecond=0, tzinfo=zone)
    if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None):
        return
    slot = resolve_slot("hour", instant.isoformat(), "", zone, read_iso)
    assert slot.slot.replace(tzinfo=UTC) == instant.astimezone(UTC)
    assert slot.second is None


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2035, 1, 1)))
@example("America/Sao_Paulo", date(2018, 11, 4))
def test_a_day_is_its_local_date_and_begins_with_its_first_instant(zone_name: str, day: date) -> None:
    slot = resolve_slot("day", day.isoformat(), "", ZoneInfo(zone_name), read_iso)
    assert (slot.slot, slot.day_local, slot.hour_of_week) == (datetime.combine(day, datetime.min.time()), day, None)
    begins = slot.starts_at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone_name))
    skipped = (zone_name, day) == ("Pacific/Apia", date(2011, 12, 30))
    assert skipped or begins.date() == day


def test_the_database_resolves_a_clock_change_as_python_does(tmp_path: Path) -> None:
    path = canonical(
        tmp_path,
        *(f"meta,{zone},{zone},USD,c,hour,2026-10-25T{hour:02}:00,1,1,1" for zone in ZONES for hour in range(24)),
    )
    try:
        rows = stage(path, tmp_path / "spill").rows("account_id, day_local, hour_of_week, slot")
    except BadRows as error:  # no zone of the list skips an hour on that day
        pytest.fail(str(error))
    for zone, day, hour, slot in rows:
        expected = datetime(2026, 10, 25, hour % 24, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert (day, slot.replace(tzinfo=UTC)) == (date(2026, 10, 25), expected)
