"""First-party conversions and exchange rates: ids deduplicate, corrections are one more row, undo takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.conversions import (
    Conversion,
    ExchangeRate,
    conversions,
    exchange_rates,
    load_conversions,
    load_rates,
    record_conversions,
    record_rates,
)
from adtempo.store.engine import transaction
from adtempo.store.observations import Recorded, undo_observations

CAMPAIGN = CampaignRef("meta", "1", "c")
OTHER = CampaignRef("meta", "2", "c")
HOUR = timedelta(hours=1)


@pytest.fixture
def known(engine: Engine, now: datetime) -> Engine:
    with transaction(engine) as connection:
        found = [Account(AccountRef("meta", number), "UTC", "EUR") for number in "12"]
        register_accounts(connection, found, at=now)
        register_campaigns(connection, {CAMPAIGN: now, OTHER: now})
    return engine


@pytest.fixture
def sale(now: datetime) -> Conversion:
    return Conversion(CAMPAIGN, "x", now, 5_000_000, "EUR", now + HOUR, click_time=now - HOUR, ad_id="a")


def test_what_is_recorded_comes_back(known: Engine, sale: Conversion) -> None:
    second = replace(sale, conversion_id="y", click_time=None, ad_id=None, currency="USD")
    with transaction(known) as connection:
        assert record_conversions(connection, [second, sale], batch=1) == Recorded(2, 0, 0)
        assert load_conversions(connection) == [sale, second]


def test_ids_deduplicate_inside_one_account_only(known: Engine, sale: Conversion) -> None:
    with transaction(known) as connection:
        record_conversions(connection, [sale], batch=1)
        again = [replace(sale, observed_at=sale.observed_at + HOUR), replace(sale, campaign=OTHER)]
        assert record_conversions(connection, again, batch=2) == Recorded(1, 0, 1)
        assert len(load_conversions(connection)) == 2


def test_a_corrected_conversion_is_one_more_row(known: Engine, sale: Conversion, now: datetime) -> None:
    refund = replace(sale, value_micros=0, observed_at=sale.observed_at + HOUR)
    with transaction(known) as connection:
        record_conversions(connection, [sale], batch=1)
        assert record_conversions(connection, [refund], batch=2) == Recorded(0, 1, 0)
        assert load_conversions(connection) == [refund]
        assert load_conversions(connection, as_of=sale.observed_at) == [sale]
        assert load_conversions(connection, batch=1) == [sale]
        assert load_conversions(connection, as_of=now) == []
        assert record_conversions(connection, [sale], batch=3) == Recorded(0, 0, 1)
        assert record_conversions(connection, [refund], batch=4) == Recorded(0, 0, 1)


def test_undo_takes_back_one_batch_and_can_be_imported_again(known: Engine, sale: Conversion) -> None:
    refund = replace(sale, value_micros=0, observed_at=sale.observed_at + HOUR)
    with transaction(known) as connection:
        record_conversions(connection, [sale], batch=1)
        record_conversions(connection, [refund], batch=2)
        assert undo_observations(connection, [conversions], batch=2, undone_by=3) == 1
        assert load_conversions(connection) == [sale]
        assert load_conversions(connection, batch=2) == [refund]
        assert undo_observations(connection, [conversions], batch=2, undone_by=4) == 0
        assert record_conversions(connection, [refund], batch=5) == Recorded(0, 1, 0)
        assert load_conversions(connection) == [refund]


def test_conversions_are_filtered_by_account_campaign_and_time(known: Engine, sale: Conversion, now: datetime) -> None:
    late = replace(sale, conversion_id="late", conversion_time=now + HOUR)
    other = replace(sale, campaign=OTHER)
    with transaction(known) as connection:
        record_conversions(connection, [sale, late, other], batch=1)
        assert load_conversions(connection, within=[OTHER.account]) == [other]
        assert load_conversions(connection, campaigns=[CAMPAIGN], since=now + HOUR) == [late]
        assert load_conversions(connection, campaigns=[CAMPAIGN], until=now + HOUR) == [sale]
        assert load_conversions(connection, campaigns=[]) == []
        assert record_conversions(connection, [], batch=2) == Recorded(0, 0, 0)


def test_rates_are_exact_and_the_latest_report_counts(known: Engine, now: datetime) -> None:
    first = ExchangeRate(date(2026, 3, 1), "USD", "EUR", Decimal("1.0843210987654321"), now)
    better = replace(first, rate=Decimal("1.09"), observed_at=now + HOUR)
    yen = ExchangeRate(date(2026, 2, 28), "JPY", "EUR", Decimal(162), now)
    with transaction(known) as connection:
        assert record_rates(connection, [first, yen], batch=1) == Recorded(2, 0, 0)
        assert load_rates(connection) == [yen, first]
        assert record_rates(connection, [better, yen], batch=2) == Recorded(0, 1, 1)
        assert load_rates(connection) == [yen, better]
        assert load_rates(connection, as_of=now) == [yen, first]
        assert load_rates(connection, batch=1) == [yen, first]
        assert undo_observations(connection, [exchange_rates], batch=2, undone_by=3) == 1
        assert load_rates(connection) == [yen, first]
