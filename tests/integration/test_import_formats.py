"""Files as people download them come out as the same typed rows."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adtempo.facts.staging import read
from adtempo.platforms.base import ATTRIBUTE_SCHEMA, FACT_SCHEMA
from imported import EXPORTS, NOW, canonical, row, stage

MEASURES = "impressions, clicks, spend_micros, conversions_micros, conversion_value_micros, reach"
ZONE = {"timezone": "Europe/Berlin"}

EXAMPLES: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("canonical_clock_change.csv", "canonical", {}, 4, 0),
    ("canonical_everything.csv", "canonical", {}, 4, 0),
    ("meta_daily_ads.csv", "meta-ads-manager", ZONE, 2, 1),
    ("meta_hourly_names.csv", "meta-ads-manager", {**ZONE, "conversions": "Results"}, 2, 0),
    ("google_campaigns.csv", "google-ads", ZONE, 2, 2),
    ("google_european.csv", "google-ads", ZONE, 2, 0),
    ("tiktok_ads.csv", "tiktok-ads", ZONE, 2, 1),
    ("tiktok_hours.csv", "tiktok-ads", {**ZONE, "currency": "USD"}, 2, 0),
    ("any_file.csv", "mapping", {"mapping": EXPORTS / "any_file.toml"}, 2, 0),
]


@pytest.mark.parametrize(("name", "format_name", "options", "rows", "left_out"), EXAMPLES)
def test_each_example_is_recognised_and_has_the_schema(
    tmp_path: Path, name: str, format_name: str, options: dict[str, Any], rows: int, left_out: int
) -> None:
    found = stage(EXPORTS / name, tmp_path / "spill", **options)
    assert (found.file.format, found.file.rows, found.file.left_out) == (format_name, rows, left_out)
    assert (found.file.rejected, found.file.problems) == (0, ())
    incoming = found.con.sql("FROM incoming").to_arrow_table()
    assert [(field.name, field.type) for field in incoming.schema] == [(f.name, f.type) for f in FACT_SCHEMA]
    attributes = found.con.sql("FROM incoming_attributes").to_arrow_table()
    assert [(field.name, field.type) for field in attributes.schema] == [(f.name, f.type) for f in ATTRIBUTE_SCHEMA]


@pytest.mark.parametrize(("name", "_format", "options", "_rows", "_left_out"), EXAMPLES)
def test_the_direct_and_the_numbered_reading_agree(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    _format: str,
    options: dict[str, Any],
    _rows: int,
    _left_out: int,
) -> None:
    numbered = stage(EXPORTS / name, tmp_path / "numbered", **options)
    monkeypatch.setattr(read, "DIRECT_BYTES", 0)
    direct = stage(EXPORTS / name, tmp_path / "direct", **options)
    assert numbered.rows("*") == direct.rows("*")
    assert numbered.attributes("*") == direct.attributes("*")
    assert numbered.file.accounts == direct.file.accounts


def test_a_repeated_local_hour_is_its_first_then_its_second_occurrence(tmp_path: Path) -> None:
    found = stage(EXPORTS / "canonical_clock_change.csv", tmp_path / "spill")
    assert found.rows("slot, hour_of_week, impressions, spend_micros") == [
        (datetime(2026, 11, 1, 4), 144, 1000, 12_340_001),
        (datetime(2026, 11, 1, 5), 145, 1100, 13_000_000),
        (datetime(2026, 11, 1, 6), 145, 1200, 14_500_000),
        (datetime(2026, 11, 1, 7), 146, 1300, 500_000),
    ]
    assert found.rows("DISTINCT campaign_id") == [("000120210000000000123",)]
    assert [value for *_, value, _ in found.attributes()] == ["Spring", "Spring renamed"]


def test_levels_types_vintages_and_half_hour_zones_of_a_canonical_file(tmp_path: Path) -> None:
    found = stage(EXPORTS / "canonical_everything.csv", tmp_path / "spill")
    levels = found.con.execute("SELECT level, conversion_type, count(*) FROM incoming GROUP BY ALL ORDER BY ALL")
    assert levels.fetchall() == [
        ("ad", "", 1),
        ("ad_group", "", 1),
        ("campaign", "", 2),
        ("campaign", "lead", 2),
        ("campaign", "purchase", 2),
    ]
    ad = found.con.execute(
        "SELECT slot, day_local, hour_of_week, observed_at FROM incoming WHERE level = 'ad'"
    ).fetchone()
    assert ad == (datetime(2026, 11, 7, 7, 30), datetime(2026, 11, 7).date(), 133, NOW.replace(tzinfo=None))
    lead = found.con.execute(f"SELECT {MEASURES} FROM incoming WHERE conversion_type = 'lead' LIMIT 1").fetchone()
    assert lead == (None, None, None, 3_000_000, None, None)
    start = datetime(2026, 11, 6, 18, 30)
    assert found.attributes() == [
        ("campaign", "c1", "budget_daily_micros", "50250000", start),
        ("campaign", "c1", "niche", "fitness", start),
        ("campaign", "c1", "status", "active", start),
    ]


def test_meta_ads_with_a_leading_total(tmp_path: Path) -> None:
    found = stage(EXPORTS / "meta_daily_ads.csv", tmp_path / "spill", timezone="America/New_York")
    assert found.rows(f"level, ad_id, day_local::VARCHAR, attribution, {MEASURES}", "day_local") == [
        (
            "ad",
            "120210000000000003",
            "2026-11-01",
            "7-day click or 1-day view",
            1800,
            40,
            23_450_000,
            2_000_000,
            99_980_000,
            1500,
        ),
        (
            "ad",
            "120210000000000003",
            "2026-11-02",
            "7-day click or 1-day view",
            1700,
            35,
            23_460_000,
            1_000_000,
            49_990_000,
            1400,
        ),
    ]
    assert (
        "ad_group",
        "120210000000000002",
        "budget_daily_micros",
        "60000000",
        datetime(2026, 11, 2, 5),
    ) in found.attributes()
    assert found.file.accounts[0].currency == "USD"
    assert any("1 totals row left out" in note for note in found.file.notes)
    assert any("Link clicks" in note for note in found.file.notes)
    other = stage(
        EXPORTS / "meta_daily_ads.csv", tmp_path / "other", timezone="America/New_York", clicks="clicks (all)"
    )
    assert other.rows("sum(clicks)") == [(120,)]


def test_google_reports_with_preamble_totals_and_missing_marks(tmp_path: Path) -> None:
    found = stage(EXPORTS / "google_campaigns.csv", tmp_path / "spill", **ZONE)
    assert found.rows(f"day_local::VARCHAR, {MEASURES}", "day_local") == [
        ("2026-11-01", 56789, 1234, 1_234_560_000, 12_340_000, 2_345_600_000, None),
        ("2026-11-02", 100, 10, 12_500_000, None, None, None),
    ]


def test_a_european_google_report_has_decimal_commas_and_names_as_ids(tmp_path: Path) -> None:
    found = stage(EXPORTS / "google_european.csv", tmp_path / "spill", **ZONE)
    assert found.rows(f"campaign_id, ad_group_id, level, hour_of_week, {MEASURES}", "hour_of_week") == [
        ("name:Suche", "name:Suche|Marke", "ad_group", 133, 1234, 12, 1_234_560_000, 500_000, None, None),
        ("name:Suche", "name:Suche|Marke", "ad_group", 134, 234, 3, 4_500_000, None, None, None),
    ]
    assert any("names serve as ids" in note for note in found.file.notes)


def test_tiktok_ads_and_hours(tmp_path: Path) -> None:
    found = stage(EXPORTS / "tiktok_ads.csv", tmp_path / "ads", **ZONE)
    assert found.rows(f"day_local::VARCHAR, {MEASURES}", "day_local") == [
        ("2026-11-07", 1000, 12, 10_500_000, 1_000_000, 30_000_000, 900),
        ("2026-11-08", 1100, None, 11_000_000, None, None, 950),
    ]
    hours = stage(EXPORTS / "tiktok_hours.csv", tmp_path / "hours", currency="USD", **ZONE)
    assert hours.rows("slot", "slot") == [(datetime(2026, 11, 7, 12),), (datetime(2026, 11, 7, 13),)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_separators_and_line_ends_do_not_matter(
    tmp_path: Path, encoding: str, newline: str, delimiter: str
) -> None:
    plain = canonical(tmp_path, row(campaign_id="Größe 1"), row(campaign_id="c2"))
    path = tmp_path / "other.csv"
    text = plain.read_text("utf-8").replace(",", delimiter).replace("\n", newline)
    path.write_bytes(text.encode(encoding))
    expected, found = stage(plain, tmp_path / "a"), stage(path, tmp_path / "b")
    assert found.rows("*") == expected.rows("*")


@pytest.mark.parametrize("direct", [True, False])
def test_parquet_of_the_canonical_schema_keeps_its_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    if direct:
        monkeypatch.setattr(read, "DIRECT_BYTES", 0)
    table = pa.table(
        {
            "platform": ["meta"],
            "account_id": ["007"],
            "account_timezone": ["Europe/Berlin"],
            "currency": ["EUR"],
            "campaign_id": [120210000000000001],
            "grain": ["hour"],
            "slot_start": pa.array([datetime(2026, 11, 7, 12)], pa.timestamp("us", "UTC")),
            "impressions": [100],
            "clicks": pa.array([5.0], pa.float64()),
            "spend": [12.34],
        }
    )
    path = tmp_path / "facts.parquet"
    pq.write_table(table, path)
    found = stage(path, tmp_path / "spill")
    assert found.rows("campaign_id, slot, impressions, clicks, spend_micros") == [
        ("120210000000000001", datetime(2026, 11, 7, 12), 100, 5, 12_340_000)
    ]


def test_a_mapping_replaces_single_columns_of_a_known_format(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('[columns]\nclicks = "Clicks (all)"\n', encoding="utf-8")
    options = {"mapping": mapping, "format": "meta-ads-manager", "timezone": "UTC"}
    assert stage(EXPORTS / "meta_daily_ads.csv", tmp_path / "spill", **options).rows("sum(clicks)") == [(120,)]


def test_the_second_vintage_of_a_key_is_no_repetition(tmp_path: Path) -> None:
    header = "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,spend,observed_at"
    rows = [f"meta,1,UTC,USD,c,day,2026-11-07,{n},2026-11-0{n}T00:00:00Z" for n in (8, 9)]
    found = stage(canonical(tmp_path, *rows, header=header), tmp_path / "spill")
    assert found.rows("observed_at, spend_micros") == [
        (datetime(2026, 11, 8), 8_000_000),
        (datetime(2026, 11, 9), 9_000_000),
    ]


def test_odd_values_are_verdicts_with_an_example(tmp_path: Path) -> None:
    path = canonical(
        tmp_path,
        row(slot_start="2026-11-01", clicks="101"),
        row(slot_start="2026-11-02", impressions="0", clicks="0"),
        row(slot_start="2027-11-02"),
    )
    verdicts = {verdict.rule: verdict for verdict in stage(path, tmp_path / "spill").file.verdicts}
    assert verdicts.keys() == {"more_clicks_than_impressions", "spend_without_impressions", "slot_after_observation"}
    assert verdicts["more_clicks_than_impressions"].count == 1
    assert verdicts["more_clicks_than_impressions"].example == "line 2: campaign c1, 2026-11-01"


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    header = "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impresions,clicks,spend"
    found = stage(canonical(tmp_path, row(), header=header), tmp_path / "spill")
    assert found.file.notes == ("columns not read: impresions",)
