"""Matured tables: expected final figures come from the ledger's own vintages, as of any moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine

from adtempo.domain.panels import MaturedTable
from adtempo.facts.ledger import Ledger
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import load_curves, load_matured_table
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.readers import open_reader
from adtempo.platforms.sandbox.market import create_market
from adtempo.workspace import open_workspace
from worlds import plain_campaign, world

START = date(2026, 2, 2)
DAYS = 45
NOW = datetime(2026, 3, 18, 21, 30, tzinfo=UTC)
FINAL = NOW + timedelta(days=12)
BY_DAY = ("platform", "account_id", "campaign_id", "day_local")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A ledger that read a market of two campaigns every evening for 45 days, and once more twelve days later."""
    folder = tmp_path_factory.mktemp("watched")
    create_market(folder / "sandbox", world(plain_campaign("1"), plain_campaign("2", cvr=0.01), start=START, days=60))
    reader = open_reader("sandbox", folder / "sandbox")
    accounts = reader.fetch_accounts()
    with open_workspace(folder / "home") as workspace:
        for age in range(DAYS - 2, -1, -1):
            now = NOW - timedelta(days=age)
            reach = timedelta(days=28 if age % 7 == 0 else 9)
            sync_accounts(workspace.ledger, reader, accounts, actor="test", now=now, since=(now - reach).date())
        sync_accounts(workspace.ledger, reader, accounts, actor="test", now=FINAL, since=START)
        yield workspace.ledger


def at(ledger: Ledger, moment: datetime = NOW, by: tuple[str, ...] = BY_DAY, days: int = 14) -> MaturedTable:
    return load_matured_table(ledger, FactQuery(by=by, since=(moment - timedelta(days=days)).date(), as_of=moment))


def final_conversions(ledger: Ledger, table: MaturedTable) -> NDArray[np.float64]:
    finals = dict(load_fact_table(ledger, FactQuery(by=BY_DAY, as_of=FINAL)).rows())
    keys = zip(*(column.tolist() for column in table.facts.keys.values()), strict=True)
    return np.array([(finals[key].conversions_micros or 0) / 1e6 for key in keys])


def over(table: MaturedTable, moment: datetime = NOW) -> NDArray[np.bool_]:
    """Return which groups are days that had ended."""
    return np.asarray(table.facts.keys["day_local"] < np.datetime64(moment.date()))


def test_expected_totals_are_nearer_to_what_came_than_reported_ones(watched: Ledger) -> None:
    """Chance that correct code fails: below 1e-6; the error is a fifth of the uncorrected one, not half."""
    table = at(watched, days=5)
    ended = over(table)
    finals = final_conversions(watched, table)[ended]
    reported = table.facts.sums["conversions_micros"][ended] / 1e6
    assert np.abs(table.conversions.value[ended] - finals).sum() < 0.5 * np.abs(reported - finals).sum()


def test_intervals_hold_what_came(watched: Ledger) -> None:
    """Chance that correct code fails: below 1e-6 (28 cells of which fewer than 14 lie within their 80% interval)."""
    table = at(watched)
    ended = over(table)
    finals = final_conversions(watched, table)[ended]
    inside = (table.conversions.low80[ended] <= finals) & (finals <= table.conversions.high80[ended])
    assert inside.sum() >= 14
    assert (table.conversions.low95 <= table.conversions.low80).all()
    assert (table.conversions.low80 <= table.conversions.value).all()
    assert (table.conversions.value <= table.conversions.high80).all()
    assert (table.conversions.high80 <= table.conversions.high95).all()


def test_maturity_rises_with_age_and_ends_at_one(watched: Ledger) -> None:
    table = at(watched, by=("day_local",), days=25)
    maturity = table.conversions.maturity
    assert maturity[-2] < 0.8
    assert maturity[0] == pytest.approx(1.0, abs=0.01)
    assert table.conversions.value[0] == pytest.approx(table.facts.sums["conversions_micros"][0] / 1e6, rel=0.01)


def test_an_account_with_vintages_of_its_own_is_corrected_by_them(watched: Ledger) -> None:
    assert set(at(watched).conversions.basis[over(at(watched))]) <= {"own", "shrunk"}


def test_the_day_in_progress_is_expected_by_its_clicks_so_far(watched: Ledger) -> None:
    today = at(watched, by=("campaign_id", "day_local"), days=0)
    assert len(today) == 2
    assert (today.conversions.value > today.facts.sums["conversions_micros"] / 1e6).all()
    assert (today.conversions.maturity < at(watched, by=("campaign_id",), days=5).conversions.maturity).all()


def test_later_looks_do_not_change_what_was_expected_then(watched: Ledger) -> None:
    then = NOW - timedelta(days=10)
    with_future = at(watched, then)
    published_by_then = DAYS - 1 - 10
    known = load_matured_table(
        watched, FactQuery(by=BY_DAY, since=(then - timedelta(days=14)).date(), as_of=then, batch=published_by_then)
    )
    np.testing.assert_array_equal(with_future.conversions.value, known.conversions.value)
    np.testing.assert_array_equal(with_future.conversion_value.high95, known.conversion_value.high95)


def test_groups_add_up_while_their_intervals_narrow(watched: Ledger) -> None:
    single, total = at(watched), at(watched, by=("account_id",))
    assert total.conversions.value[0] == pytest.approx(single.conversions.value.sum())
    width = single.conversions.high80 - single.conversions.low80
    assert total.conversions.high80[0] - total.conversions.low80[0] < width.sum()


def test_a_first_import_rests_on_the_prior_and_is_wide(watched: Ledger) -> None:
    """The very first look knows no delays yet."""
    first = NOW - timedelta(days=DAYS - 2)
    table = at(watched, first, days=3)
    assert set(table.conversions.basis) == {"prior"}
    assert (table.conversions.high95 > table.conversions.value).all()


def test_nothing_known_is_an_empty_answer(tmp_path: Path, engine: Engine) -> None:
    ledger = Ledger(tmp_path / "ledger", engine)
    assert load_curves(ledger, as_of=NOW) == {}
    assert len(load_matured_table(ledger, FactQuery(by=BY_DAY, as_of=NOW))) == 0


def test_value_is_expected_in_major_units_of_the_account(watched: Ledger) -> None:
    table = at(watched, by=("account_id",), days=20)
    reported = table.facts.sums["conversion_value_micros"][0] / 1e6
    assert reported < table.conversion_value.value[0] < 2 * reported
    assert 0 < table.conversion_value.maturity[0] < 1
