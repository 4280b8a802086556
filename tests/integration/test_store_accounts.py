"""Accounts and campaigns: registered once, found by what people type, never silently another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import AccountChanged, InvalidInput, NotFound
from adtempo.store.accounts import (
    change_account,
    change_campaign,
    find_account,
    find_campaign,
    load_account,
    load_accounts,
    load_campaigns,
    register_accounts,
    register_campaigns,
)
from adtempo.store.attributes import Attribute, record_attributes
from adtempo.store.engine import reading, transaction

BERLIN = Account(AccountRef("meta", "1"), "Europe/Berlin", "EUR")
TOKYO = Account(AccountRef("google", "2"), "Asia/Tokyo", "JPY", name="Tokyo", client="Acme")


@pytest.fixture
def known(engine: Engine, now: datetime) -> Engine:
    with transaction(engine) as connection:
        register_accounts(connection, [TOKYO, BERLIN], at=now)
    return engine


def test_new_accounts_are_added_and_equal_ones_change_nothing(engine: Engine, now: datetime) -> None:
    with transaction(engine) as connection:
        assert register_accounts(connection, [BERLIN, TOKYO], at=now) == [TOKYO, BERLIN]
        assert register_accounts(connection, [BERLIN, TOKYO], at=now) == []
        assert load_accounts(connection) == [TOKYO, BERLIN]


def test_a_new_account_is_never_armed(engine: Engine, now: datetime) -> None:
    with transaction(engine) as connection:
        assert not register_accounts(connection, [replace(BERLIN, armed=True)], at=now)[0].armed


def test_a_name_is_filled_in_but_never_replaced(known: Engine, now: datetime) -> None:
    with transaction(known) as connection:
        register_accounts(connection, [replace(BERLIN, name="Mitte"), replace(TOKYO, name="Other")], at=now)
        assert [account.name for account in load_accounts(connection)] == ["Tokyo", "Mitte"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            replace(BERLIN, timezone="Europe/Paris"),
            "meta:1 is known with time zone Europe/Berlin and now comes with Europe/Paris",
        ),
        (replace(BERLIN, currency="USD"), "currency EUR and now comes with USD"),
    ],
)
def test_another_zone_or_currency_is_refused_naming_both(
    known: Engine, now: datetime, changed: Account, message: str
) -> None:
    with pytest.raises(AccountChanged, match=message), transaction(known) as connection:
        register_accounts(connection, [changed], at=now)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(engine: Engine, now: datetime, zone: str) -> None:
    with pytest.raises(InvalidInput, match="IANA name"), transaction(engine) as connection:
        register_accounts(connection, [replace(BERLIN, timezone=zone)], at=now)


def test_people_change_name_client_source_and_arming(known: Engine) -> None:
    with transaction(known) as connection:
        changed = change_account(connection, BERLIN.ref, name="B", client="Acme", source="sandbox", armed=True)
        assert (changed.name, changed.client, changed.source, changed.armed) == ("B", "Acme", "sandbox", True)
        assert change_account(connection, BERLIN.ref, client=None).client is None
        with pytest.raises(InvalidInput):
            change_account(connection, BERLIN.ref, currency="USD")
        with pytest.raises(NotFound):
            change_account(connection, AccountRef("meta", "none"), name="x")


def test_an_account_is_found_by_what_people_type(known: Engine, now: datetime) -> None:
    with transaction(known) as connection:
        assert find_account(connection, "1").ref == BERLIN.ref
        assert find_account(connection, "google:2").ref == TOKYO.ref
        register_accounts(connection, [replace(TOKYO, ref=AccountRef("tiktok", "1"))], at=now)
        with pytest.raises(InvalidInput, match="write one of meta:1, tiktok:1"):
            find_account(connection, "1")
        with pytest.raises(NotFound, match="no account 'x'"):
            find_account(connection, "x")
        with pytest.raises(NotFound, match="google:9"):
            load_account(connection, AccountRef("google", "9"))


def test_a_campaign_is_found_by_id_or_full_name(known: Engine, now: datetime) -> None:
    one, two = CampaignRef("meta", "1", "c"), CampaignRef("google", "2", "c")
    odd = CampaignRef("google", "2", "name:Spring: sale")
    with transaction(known) as connection:
        register_campaigns(connection, {one: now, odd: now})
        assert find_campaign(connection, "c") == one
        assert find_campaign(connection, "name:Spring: sale") == odd
        assert find_campaign(connection, "google:2:name:Spring: sale") == odd
        register_campaigns(connection, {two: now})
        with pytest.raises(InvalidInput, match="can mean 2 campaigns; write one of google:2:c, meta:1:c"):
            find_campaign(connection, "c")
        assert find_campaign(connection, "google:2:c") == two
        with pytest.raises(NotFound, match="no campaign 'x'"):
            find_campaign(connection, "x")


def test_only_an_earlier_first_sighting_moves(known: Engine, now: datetime) -> None:
    ref, day = CampaignRef("meta", "1", "c"), timedelta(days=1)
    with transaction(known) as connection:
        for moment in (now, now + day, now - day, now):
            register_campaigns(connection, {ref: moment})
        assert load_campaigns(connection, at=now)[0].first_seen_at == now - day
        register_campaigns(connection, {})


def test_campaigns_show_what_held_and_what_people_set(known: Engine, now: datetime) -> None:
    ref = CampaignRef("meta", "1", "c")
    stated = {"name": "Summer", "status": "ACTIVE", "budget_daily_micros": "5000000", "niche": "shoes"}
    with transaction(known) as connection:
        register_campaigns(connection, {ref: now, CampaignRef("google", "2", "d"): now})
        record_attributes(
            connection,
            [Attribute("meta", "1", "campaign", "c", "c", name, value, now, now) for name, value in stated.items()],
            batch=1,
        )
        change_campaign(connection, ref, target_roas=2.5, target_cpa_micros=3_000_000, label="L")
    with reading(known) as connection:
        (campaign,) = load_campaigns(connection, at=now, within=[ref.account])
        (before,) = load_campaigns(connection, at=now - timedelta(seconds=1), within=[ref.account])
        assert len(load_campaigns(connection, at=now)) == 2
    assert (campaign.name, campaign.status, campaign.budget_daily_micros) == ("Summer", "ACTIVE", 5_000_000)
    assert (campaign.target_roas, campaign.target_cpa_micros, campaign.label) == (2.5, 3_000_000, "L")
    assert (campaign.niche, before.niche, before.name) == ("shoes", None, None)
    with transaction(known) as connection:
        change_campaign(connection, ref, niche="boots", target_roas=None)
        (campaign,) = load_campaigns(connection, at=now, within=[ref.account])
    assert (campaign.niche, campaign.target_roas) == ("boots", None)


@pytest.mark.parametrize(
    "change",
    [{}, {"status": "x"}, {"target_roas": 0}, {"target_roas": float("nan")}, {"target_cpa_micros": -1}, {"label": ""}],
)
def test_a_wish_that_cannot_be_is_refused(known: Engine, now: datetime, change: dict[str, object]) -> None:
    ref = CampaignRef("meta", "1", "c")
    with transaction(known) as connection:
        register_campaigns(connection, {ref: now})
        with pytest.raises(InvalidInput):
            change_campaign(connection, ref, **change)


def test_an_unknown_campaign_cannot_be_changed(known: Engine) -> None:
    with pytest.raises(NotFound), transaction(known) as connection:
        change_campaign(connection, CampaignRef("meta", "1", "none"), label="x")
