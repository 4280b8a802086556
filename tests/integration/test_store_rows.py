"""Things become rows and rows things; what is known already stays as it is."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime

from sqlalchemy import Engine, select

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.alerts import Channel, QuietHours
from adtempo.store.accounts import accounts, campaigns
from adtempo.store.channels import alert_channels
from adtempo.store.engine import transaction
from adtempo.store.reports import StoredReport, reports
from adtempo.store.rows import insert_first, insert_new, of, of_any, read_row, row_of


def test_a_thing_becomes_a_row_and_comes_back(engine: Engine, now: datetime) -> None:
    said = StoredReport(date(2026, 11, 19), now, "{}", "# Day", "<p>Day</p>")
    with transaction(engine) as connection:
        connection.execute(reports.insert().values(row_of(reports, said, markdown="other")))
        row = connection.execute(select(reports)).one()
    assert read_row(StoredReport, row, markdown="# Day") == said


def test_the_number_that_a_database_gives_is_not_written() -> None:
    channel = Channel(7, "team", "mail", quiet=QuietHours(60, 120))
    assert row_of(alert_channels, channel).keys() == {"name", "address", "severity", "digest"}


def test_only_the_first_row_of_a_key_is_kept(engine: Engine, now: datetime) -> None:
    first = StoredReport(date(2026, 11, 19), now, "{}", "first", "-")
    rows = [asdict(replace(first, day=date(2026, 1, 1 + day % 28), markdown=str(day))) for day in range(1_100)]
    with transaction(engine) as connection:
        assert insert_first(connection, reports, asdict(first))
        assert not insert_first(connection, reports, asdict(replace(first, markdown="second")))
        insert_new(connection, reports, rows)
        kept = {row.markdown for row in connection.execute(select(reports))}
    assert kept == {"first", *map(str, range(28))}


def test_rows_are_found_by_account_and_by_campaign(engine: Engine, now: datetime) -> None:
    refs = [CampaignRef("meta", account, campaign) for account in "12" for campaign in "ab"]
    fixed = {"name": "", "timezone": "UTC", "currency": "EUR", "source": "file", "armed": False, "offline": "add"}
    with transaction(engine) as connection:
        insert_new(
            connection, accounts, ({**fixed, **asdict(AccountRef("meta", one)), "created_at": now} for one in "12")
        )
        insert_new(connection, campaigns, (asdict(ref) | {"first_seen_at": now} for ref in refs))

        def found(condition: object) -> list[str]:
            query = select(campaigns).where(condition).order_by(*campaigns.primary_key)  # type: ignore[arg-type]
            return [str(read_row(CampaignRef, row)) for row in connection.execute(query)]

        assert found(of(campaigns, refs[1])) == ["meta:1:b"]
        assert found(of(campaigns, refs[2].account)) == ["meta:2:a", "meta:2:b"]
        assert found(of_any(campaigns, [refs[0].account, AccountRef("meta", "3")])) == ["meta:1:a", "meta:1:b"]
        assert found(of_any(campaigns, [])) == []
