import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import worlds
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import Conflict, NotFound, PlatformRejected
from adtempo.platforms.readers import READERS, open_reader
from adtempo.platforms.sandbox.books import COLUMNS, load_own_sales
from adtempo.platforms.sandbox.edits import Field
from adtempo.platforms.sandbox.market import create_market, open_market
from adtempo.platforms.sandbox.spec import OwnSales, WorldSpec
from adtempo.platforms.writers import WRITERS, open_writer

ONE = CampaignRef("tiktok", "t1", "1")
AT = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
INITIAL = CampaignState(1_484_540_000, Status.ACTIVE)


def unknown(_campaign: CampaignRef, _now: datetime) -> None:
    """Facts that say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_market(tmp_path, worlds.one_star())
    return tmp_path


def test_a_market_is_the_same_when_opened_again(folder: Path) -> None:
    assert open_market(folder).world.spec == worlds.one_star()
    assert create_market(folder, worlds.one_star()).world.spec == worlds.one_star()


def test_every_named_world_survives_its_folder(tmp_path: Path) -> None:
    for make in worlds.WORLDS:
        create_market(tmp_path / make.__name__, make())
        assert open_market(tmp_path / make.__name__).world.spec == make()


def test_another_market_in_the_same_folder_is_refused(folder: Path) -> None:
    with pytest.raises(Conflict, match="another sandbox market"):
        create_market(folder, worlds.flat())


def test_an_empty_folder_is_no_market(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="adtempo demo"):
        open_market(tmp_path)


def test_tables_of_connectors_open_the_sandbox(folder: Path) -> None:
    for name, _ in READERS:
        assert open_reader(name, folder).fetch_accounts()
    assert "sandbox" in dict(WRITERS)
    assert open_writer("sandbox", folder, unknown).fetch_state(ONE, AT) == INITIAL
    with pytest.raises(NotFound, match="cannot be synced"):
        open_reader("file", folder)
    with pytest.raises(NotFound, match="takes no changes"):
        open_writer("file", folder, unknown)


def test_what_was_written_is_read_back(folder: Path) -> None:
    writer = open_writer("sandbox", folder, unknown)
    writer.apply_budget(ONE, 2_000_000_000, AT)
    writer.apply_status(ONE, Status.PAUSED, AT + timedelta(hours=1))
    assert writer.fetch_state(ONE, AT + timedelta(hours=2)) == CampaignState(2_000_000_000, Status.PAUSED)
    assert writer.fetch_state(ONE, AT + timedelta(minutes=1)) == CampaignState(2_000_000_000, Status.ACTIVE)
    assert writer.fetch_state(ONE, AT - timedelta(minutes=1)) == INITIAL


def test_other_campaigns_keep_their_settings(folder: Path) -> None:
    writer = open_writer("sandbox", folder, unknown)
    writer.apply_budget(ONE, 2_000_000_000, AT)
    assert writer.fetch_state(CampaignRef("tiktok", "t1", "2"), AT) == INITIAL


@pytest.mark.parametrize("amount", [0, 999_999, -5_000_000, 10_001_000])
def test_an_impossible_budget_is_refused_and_changes_nothing(folder: Path, amount: int) -> None:
    writer = open_writer("sandbox", folder, unknown)
    with pytest.raises(PlatformRejected, match="EUR"):
        writer.apply_budget(ONE, amount, AT)
    assert writer.fetch_state(ONE, AT) == INITIAL
    assert open_market(folder).load_edits(ONE.account) == {}


def test_an_unknown_campaign_is_not_found_and_blocks_nobody(folder: Path) -> None:
    writer = open_writer("sandbox", folder, unknown)
    stranger = CampaignRef("tiktok", "t1", "nobody")
    with pytest.raises(NotFound):
        writer.apply_budget(stranger, 2_000_000, AT)
    with pytest.raises(NotFound):
        writer.fetch_state(stranger, AT)
    writer.apply_budget(ONE, 2_000_000, AT)


def test_the_platform_keeps_who_changed_what_and_when(folder: Path) -> None:
    market = open_market(folder)
    market.record_edit(ONE, Field.BUDGET, "3000000000", AT, "a person")
    open_writer("sandbox", folder, unknown).apply_budget(ONE, 2_000_000_000, AT + timedelta(hours=1))
    with sqlite3.connect(folder / "edits.db") as judge:
        rows = judge.execute("SELECT campaign_id, field, old, new, actor FROM edits ORDER BY id").fetchall()
    assert rows == [
        ("1", "budget_daily_micros", "1484540000", "3000000000", "a person"),
        ("1", "budget_daily_micros", "3000000000", "2000000000", "adtempo"),
    ]


def test_the_clock_of_the_market_never_runs_backwards(folder: Path) -> None:
    market = open_market(folder)
    market.record_edit(ONE, Field.BUDGET, "3000000000", AT, "a person")
    late = market.record_edit(ONE, Field.BUDGET, "4000000000", AT - timedelta(days=1), "a person")
    assert late.at == AT
    assert late.old == "3000000000"


def test_attributes_tell_what_held_and_what_changed(folder: Path) -> None:
    market = open_market(folder)
    for days, budget in ((-30, 5), (-2, 6), (-1, 7), (1, 8)):
        market.record_edit(ONE, Field.BUDGET, str(budget * 1_000_000), AT + timedelta(days=days), "a person")
    reader = open_reader("sandbox", folder)
    account = reader.fetch_accounts()[0]
    told = reader.fetch_observation(account, date(2026, 1, 19), date(2026, 1, 20), AT).attributes.to_pylist()
    budgets = [
        (row["value"], row["effective_at"])
        for row in told
        if row["campaign_id"] == "1" and row["attribute"] == "budget_daily_micros"
    ]
    wall = AT.replace(tzinfo=None)
    assert budgets == [("6000000", wall - timedelta(days=2)), ("7000000", wall - timedelta(days=1))]
    assert {row["attribute"] for row in told} == {"name", "status", "budget_daily_micros"}


def test_facts_react_to_what_was_written(folder: Path) -> None:
    reader = open_reader("sandbox", folder)
    account = reader.fetch_accounts()[0]

    def spend(day: date) -> int:
        facts = reader.fetch_observation(account, day, day, AT + timedelta(days=5)).facts.to_pandas()
        rows = facts[(facts.campaign_id == "1") & (facts.grain == "day") & (facts.level == "campaign")]
        return int(rows.spend_micros.sum())

    before, after = spend(date(2026, 1, 19)), spend(date(2026, 1, 22))
    writer = open_writer("sandbox", folder, unknown)
    writer.apply_budget(ONE, 3 * INITIAL.budget_daily_micros, AT)
    assert spend(date(2026, 1, 19)) == before
    assert spend(date(2026, 1, 22)) > 2.5 * after


def test_before_it_began_a_market_shows_nothing(folder: Path) -> None:
    reader = open_reader("sandbox", folder)
    account = reader.fetch_accounts()[0]
    early = datetime(2025, 12, 1, tzinfo=UTC)
    seen = reader.fetch_observation(account, date(2025, 11, 1), date(2026, 3, 1), early)
    assert (len(seen.facts), len(seen.attributes), seen.coverage) == (0, 0, ())


def test_days_outside_the_market_are_not_claimed_as_covered(folder: Path) -> None:
    reader = open_reader("sandbox", folder)
    account = reader.fetch_accounts()[0]
    seen = reader.fetch_observation(account, date(2025, 1, 1), date(2027, 1, 1), datetime(2027, 1, 1, tzinfo=UTC))
    (days,) = [c for c in seen.coverage if (c.level, c.grain) == ("campaign", "day")]
    assert (days.slot_from.date(), days.slot_to.date()) == (worlds.START, worlds.START + timedelta(days=56))
    assert reader.fetch_observation(account, date(2027, 1, 1), date(2027, 2, 1), AT).coverage == ()


def test_processes_that_edit_together_lose_no_edit(folder: Path) -> None:
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path;"
        "from adtempo.domain.accounts import CampaignRef;"
        "from adtempo.platforms.sandbox.edits import Field;"
        "from adtempo.platforms.sandbox.market import open_market;"
        "market = open_market(Path(sys.argv[1])); at = datetime(2026, 1, 20, tzinfo=UTC);"
        "[market.record_edit(CampaignRef('tiktok', 't1', '1'), Field.BUDGET, f'{sys.argv[2]}{n:03}', at, 'p')"
        " for n in range(12)]"
    )
    started = [subprocess.Popen([sys.executable, "-c", script, str(folder), str(number)]) for number in range(1, 4)]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]
    edits = open_market(folder).load_edits(ONE.account)["1"]
    assert sorted(edit.new for edit in edits) == sorted(f"{p}{n:03}" for p in range(1, 4) for n in range(12))
    assert edits[0].old == "1484540000"
    assert all(later.old == earlier.new for earlier, later in pairwise(edits))


def sales_of(kind: OwnSales, folder: Path, now: datetime) -> list[dict[str, str | None]]:
    spec: WorldSpec = worlds.world(worlds.plain_campaign(own_sales=kind), worlds.plain_campaign("2"))
    rows: list[dict[str, str | None]] = load_own_sales(create_market(folder, spec), ONE.account, now).to_pylist()
    return rows


def test_the_books_hold_store_sales_that_no_platform_sees(tmp_path: Path) -> None:
    early, late = (sales_of(OwnSales.STORE, tmp_path, AT + timedelta(days=days)) for days in (0, 3))
    assert tuple(early[0]) == COLUMNS
    ids = [row["conversion_id"] for row in late]
    assert len(set(ids)) == len(ids) > 100
    assert all(str(row["observed_at"]) <= (AT + timedelta(days=3)).isoformat() for row in late)
    untraced = [row for row in late if row["click_time"] is None]
    assert 0.1 < len(untraced) / len(late) < 0.4
    assert all(row["ad_id"] is None for row in untraced)
    assert len({row["conversion_id"] for row in early} & set(ids)) > 0.9 * len(early)


def test_first_party_books_hold_the_platforms_sales_with_their_clicks(tmp_path: Path) -> None:
    rows = sales_of(OwnSales.FIRST_PARTY, tmp_path, AT)
    assert {row["campaign_id"] for row in rows} == {"1"}
    assert all(str(row["click_time"]) <= str(row["conversion_time"]) for row in rows)
    reader = open_reader("sandbox", tmp_path)
    facts = reader.fetch_observation(reader.fetch_accounts()[0], worlds.START, AT.date(), AT).facts.to_pandas()
    shown = facts[(facts.campaign_id == "1") & (facts.grain == "day") & (facts.level == "campaign")]
    assert len(rows) * 1_000_000 == shown.conversions_micros.sum()


def test_an_account_without_books_has_none(tmp_path: Path) -> None:
    market = create_market(tmp_path, worlds.flat())
    assert load_own_sales(market, ONE.account, AT).num_rows == 0
