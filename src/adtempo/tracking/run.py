"""The tracker: reads the ledger, lets the estimates think, and hands out what people asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import CPA, CPC, CPM, CTR, ROAS, Metric, plain_value, value_of
from adtempo.domain.panels import FactTable, Quantities
from adtempo.facts.load import FactQuery, load_fact_table, load_reach
from adtempo.store import accounts as stored
from adtempo.store.engine import reading
from adtempo.store.ledger import Batch, load_batches
from adtempo.tracking.estimate import (
    CampaignMetrics,
    Comparison,
    DailyReport,
    Figures,
    Freshness,
    Profile,
    estimate_daily_report,
    estimate_figures,
    estimate_metrics,
)
from adtempo.tracking.export import export_lines
from adtempo.tracking.sync import FROM_FILES, FROM_SANDBOX, sync_sources

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_BY_CAMPAIGN = ("platform", "account_id", "campaign_id")


class CampaignTracker:
    """What campaigns did, as known now or at any earlier moment.

    A campaign is named by its id, or as platform:account:campaign where ids collide.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def sync_campaign_metrics(
        self, campaign_id: str, *, actor: str, since: date | None = None, until: date | None = None
    ) -> Batch:
        """Read the account of a campaign from its platform and post what changed.

        Raises:
            NotFound: There is no such campaign, or its facts come from files.
            PlatformUnavailable: The platform does not answer.
        """
        account = str(self._profile(campaign_id).ref.account)
        return self.sync_all_active_campaigns(actor=actor, account=account, since=since, until=until)[0]

    def sync_all_active_campaigns(
        self,
        *,
        actor: str,
        account: str | None = None,
        since: date | None = None,
        until: date | None = None,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> list[Batch]:
        """Read every account that does not live on files from its platform and post what changed.

        Args:
            actor: Who asks for it.
            account: Only this account, by its id or as platform:account.
            since: First local day; None for as far back as platforms restate.
            until: Last local day; None for today in each account's zone.
            progress: Called with the share done, 0 to 1.

        Raises:
            NotFound: There is no such account, or it cannot be synced.
            PlatformUnavailable: A platform does not answer.
        """
        _check_range(since, until)
        now = self._workspace.now()
        with reading(self._workspace.engine) as connection:
            known = stored.load_accounts(connection) if account is None else [stored.find_account(connection, account)]
        readable = [one for one in known if one.source != FROM_FILES or account is not None]
        return sync_sources(
            self._workspace, readable, actor=actor, now=now, since=since, until=until, progress=progress
        )

    def load_figures(
        self, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> dict[Profile, Quantities]:
        """Return the figures of every campaign over local days, both inclusive, as known at a moment."""
        moment = as_of or self._workspace.now()
        figures = estimate_figures(self._load(_BY_CAMPAIGN, None, since, until, moment))
        with reading(self._workspace.engine) as connection:
            accounts = {account.ref: account for account in stored.load_accounts(connection)}
            known = stored.load_campaigns(connection, at=moment)
        return {_profile(one, accounts[one.ref.account]): figures[one.ref] for one in known if one.ref in figures}

    def load_metrics(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> CampaignMetrics:
        """Return a campaign's figures over local days.

        Args:
            campaign_id: Which campaign.
            since: First day, inclusive; None for the first one with facts.
            until: Last day, inclusive; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign, or nothing is known of it in that time.
        """
        profile = self._profile(campaign_id)
        moment = as_of or self._workspace.now()
        _check_range(since, until)
        found = estimate_metrics(
            profile, self._load(("day_local",), [profile.ref], since, until, moment), since, until, moment
        )
        if found.since != found.until:
            return found
        reach = self._reach([profile.ref], found.since, found.until, moment).get((profile.ref, found.since))
        return replace(found, figures=replace(found.figures, reach=reach))

    def calculate_roas(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> float | None:
        """Return conversion value / spend as the platform reports them; None without spend."""
        return self._calculate(ROAS, campaign_id, since, until, as_of)

    def calculate_ctr(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> float | None:
        """Return clicks / impressions in percent; None without impressions."""
        return self._calculate(CTR, campaign_id, since, until, as_of)

    def calculate_cpc(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> Decimal | None:
        """Return spend / clicks in the account's currency; None without clicks."""
        return self._calculate_amount(CPC, campaign_id, since, until, as_of)

    def calculate_cpm(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> Decimal | None:
        """Return spend per thousand impressions in the account's currency; None without impressions."""
        return self._calculate_amount(CPM, campaign_id, since, until, as_of)

    def calculate_cpa(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> Decimal | None:
        """Return spend / conversions in the account's currency; None without conversions."""
        return self._calculate_amount(CPA, campaign_id, since, until, as_of)

    def generate_daily_report(
        self, day: date | None = None, campaigns: Sequence[str] = (), as_of: datetime | None = None
    ) -> DailyReport:
        """Say what happened on one day.

        The day before and the same weekday a week earlier are taken as they looked when they were as old as this day
        is now, where the ledger was already listening then; otherwise as they are known now.

        Args:
            day: Which day, in each account's own zone; None for the last one that has ended everywhere.
            campaigns: Only these; empty for all.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
        """
        moment = as_of or self._workspace.now()
        refs = [self._profile(campaign).ref for campaign in campaigns] or None
        with reading(self._workspace.engine) as connection:
            accounts = {account.ref: account for account in stored.load_accounts(connection)}
            known = stored.load_campaigns(connection, at=moment)
            heard = _heard(load_batches(connection, ("file", "sync")), moment)
        if refs is not None:
            wanted = {ref.account for ref in refs}
            accounts = {ref: account for ref, account in accounts.items() if ref in wanted}
        day = day or min((_last_ended(account, moment) for account in accounts.values()), default=moment.date() - _DAY)
        figures = self._figures(day, refs, moment)
        freshness = [
            Freshness(account.ref, heard.get(account.ref), day_bounds(day, account.zone)[1])
            for account in accounts.values()
            if any(ref.account == account.ref for ref in figures)
        ]
        return estimate_daily_report(
            day,
            moment,
            figures,
            {one.ref: _profile(one, accounts[one.ref.account]) for one in known if one.ref.account in accounts},
            self._comparison(day - _DAY, refs, moment, _DAY),
            self._comparison(day - _WEEK, refs, moment, _WEEK),
            freshness,
        )

    def export_metrics_csv(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> Iterator[str]:
        """Yield the lines of a CSV of every metric per local day with facts, header first.

        Args:
            campaign_id: Which campaign.
            since: First day, inclusive; None for the first one with facts.
            until: Last day, inclusive; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
        """
        profile = self._profile(campaign_id)
        _check_range(since, until)
        moment = as_of or self._workspace.now()
        table = self._load(("day_local",), [profile.ref], since, until, moment)
        reach = self._reach([profile.ref], since, until, moment)
        days = ((day, replace(figures, reach=reach.get((profile.ref, day)))) for (day,), figures in table.rows())
        return export_lines(profile, days)

    def _calculate(
        self, metric: Metric, campaign_id: str, since: date | None, until: date | None, as_of: datetime | None
    ) -> float | None:
        return value_of(metric, self.load_metrics(campaign_id, since, until, as_of).figures)

    def _calculate_amount(
        self, metric: Metric, campaign_id: str, since: date | None, until: date | None, as_of: datetime | None
    ) -> Decimal | None:
        amount = plain_value(metric, self._calculate(metric, campaign_id, since, until, as_of))
        return None if amount is None else Decimal(amount)

    def _profile(self, campaign_id: str) -> Profile:
        with reading(self._workspace.engine) as connection:
            ref = stored.find_campaign(connection, campaign_id)
            account = stored.load_account(connection, ref.account)
            found = stored.load_campaigns(connection, at=self._workspace.now(), within=[ref.account])
        return next(_profile(campaign, account) for campaign in found if campaign.ref == ref)

    def _load(
        self,
        by: tuple[str, ...],
        campaigns: Collection[CampaignRef] | None,
        since: date | None,
        until: date | None,
        as_of: datetime,
    ) -> FactTable:
        query = FactQuery(by=by, since=since, until=until, campaigns=campaigns, as_of=as_of)
        return load_fact_table(self._workspace.ledger, query)

    def _figures(self, day: date, campaigns: Collection[CampaignRef] | None, as_of: datetime) -> Figures:
        figures = estimate_figures(self._load(_BY_CAMPAIGN, campaigns, day, day, as_of))
        reach = self._reach(campaigns, day, day, as_of)
        return {ref: replace(amounts, reach=reach.get((ref, day))) for ref, amounts in figures.items()}

    def _reach(
        self, campaigns: Collection[CampaignRef] | None, since: date | None, until: date | None, as_of: datetime
    ) -> dict[tuple[CampaignRef, date], int]:
        query = FactQuery(by=_BY_CAMPAIGN, since=since, until=until, campaigns=campaigns, as_of=as_of)
        return load_reach(self._workspace.ledger, query)

    def _comparison(
        self, day: date, campaigns: Collection[CampaignRef] | None, as_of: datetime, younger: timedelta
    ) -> Comparison:
        """Load another day as it looked when it was as old as the report's day is; else as it is known now."""
        then = self._figures(day, campaigns, as_of - younger)
        return Comparison(day, same_age=bool(then), figures=then or self._figures(day, campaigns, as_of))


def _profile(campaign: Campaign, account: Account) -> Profile:
    return Profile(
        ref=campaign.ref,
        currency=account.currency,
        name=campaign.label or campaign.name or "",
        target_roas=campaign.target_roas,
        simulated=account.source == FROM_SANDBOX,
    )


def _check_range(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and until < since:
        raise InvalidInput(f"--until {until} is before --since {since}; swap them")


def _last_ended(account: Account, moment: datetime) -> date:
    return moment.astimezone(account.zone).date() - _DAY


def _heard(batches: Sequence[Batch], as_of: datetime) -> dict[AccountRef, datetime]:
    """Return when each account was last heard, as known at a moment."""
    latest: dict[AccountRef, datetime] = {}
    for batch in batches:
        if batch.undone_by is None and batch.observed_at <= as_of:
            for text in batch.accounts:
                ref = AccountRef(*text.split(":", 1))
                latest[ref] = max(batch.observed_at, latest.get(ref, batch.observed_at))
    return latest
