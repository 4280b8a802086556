"""The tracker: what people ask of campaigns, each question answered by the file that knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import CPA, CPC, CPM, CTR, ROAS, Metric, find_metric, plain_value, value_of
from adtempo.domain.panels import FactTable, Quantities
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import DAYS, TrackRecord, compare_predictions, load_accuracy, load_comparisons
from adtempo.predictions.score import ComparedForecast
from adtempo.store import accounts as stored
from adtempo.store.engine import reading
from adtempo.store.ledger import Batch
from adtempo.tracking.anomalies import Anomaly
from adtempo.tracking.campaign_facts import check_days, load_export, load_figures, load_metrics, load_profile
from adtempo.tracking.creative_facts import load_arrived, load_creative_facts, load_currencies, load_fatigue
from adtempo.tracking.creatives import (
    LATE,
    CreativeFatigue,
    CreativeFigures,
    RankedCreative,
    estimate_creatives,
    estimate_top_creatives,
)
from adtempo.tracking.daily import load_daily_report
from adtempo.tracking.detection import THRESHOLD_STD, load_anomalies, load_unusual_hours, open_alerts
from adtempo.tracking.estimate import CampaignMetrics, DailyReport, Profile
from adtempo.tracking.pacing import BudgetPace
from adtempo.tracking.plans import load_budgets
from adtempo.tracking.results import choose_result
from adtempo.tracking.returns import RoasQuestion, load_roas
from adtempo.tracking.roas import DEFAULT_WINDOW, RoasReport, check_currency, check_window
from adtempo.tracking.scope import EVERYTHING, Scope, load_scope
from adtempo.tracking.sync import FROM_FILES, sync_sources

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


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
        account = str(load_profile(self._workspace, campaign_id).ref.account)
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
            account: Only this account, by its id or as platform:account.
            since: First local day; None for as far back as platforms restate.
            until: Last local day; None for today in each account's zone.
            progress: Called with the share done, 0 to 1.

        Raises:
            NotFound: There is no such account, or it cannot be synced.
            PlatformUnavailable: A platform does not answer.
        """
        check_days(since, until)
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
        return load_figures(self._workspace, since, until, self._moment(as_of))

    def load_metrics(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> CampaignMetrics:
        """Return a campaign's figures over local days.

        Args:
            since: First day, inclusive; None for the first one with facts.
            until: Last day, inclusive; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign, or nothing is known of it in that time.
        """
        profile = load_profile(self._workspace, campaign_id)
        return load_metrics(self._workspace, profile, since, until, self._moment(as_of))

    def calculate_roas(
        self,
        campaign_id: str,
        include_offline: bool = False,  # noqa: FBT001, FBT002 - people know it in this place
        attribution_window_days: int = DEFAULT_WINDOW,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> float | None:
        """Return conversion value / spend of a campaign; None without spend. `load_roas` has the parts of it."""
        return self.load_roas(
            [campaign_id], include_offline, attribution_window_days, since=since, until=until, as_of=as_of
        ).roas

    def calculate_blended_roas(
        self,
        campaigns: Scope | str | Sequence[str] = (),
        include_offline: bool = False,  # noqa: FBT001, FBT002 - as above
        attribution_window_days: int = DEFAULT_WINDOW,
        *,
        currency: str | None = None,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> float | None:
        """Return conversion value / spend of many campaigns, a ratio of sums; `load_roas` has the parts of it."""
        return self.load_roas(
            campaigns,
            include_offline,
            attribution_window_days,
            currency=currency,
            since=since,
            until=until,
            as_of=as_of,
        ).roas

    def load_roas(
        self,
        campaigns: Scope | str | Sequence[str] = (),
        include_offline: bool = False,  # noqa: FBT001, FBT002 - as above
        attribution_window_days: int = DEFAULT_WINDOW,
        *,
        currency: str | None = None,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> RoasReport:
        """Return what campaigns brought back per unit of spend, with the parts it is made of.

        Args:
            campaigns: Their ids, or the account, platform, niche or label that they have in common; empty for all.
            include_offline: Whether the advertiser's own conversions count, added or instead, as each account says.
            attribution_window_days: Days after the click within which a conversion counts: 1, 7 or 28.
            currency: Convert into this one, at each day's imported rate; None for the one that they have in common.
            since: First local day, inclusive; None for the first one with facts.
            until: Last local day, inclusive; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There are no such campaigns, or nothing is known of them.
            CurrenciesMixed: They are in several currencies, and no common one is asked for.
            InvalidInput: The window or the range cannot be, or an exchange rate is missing.
        """
        check_days(since, until)
        moment = self._moment(as_of)
        asked = RoasQuestion(
            since, until, moment, check_window(attribution_window_days), include_offline, check_currency(currency)
        )
        scope = campaigns if isinstance(campaigns, Scope) else Scope(_names(campaigns))
        with reading(self._workspace.engine) as connection:
            chosen = load_scope(connection, scope, at=moment)
        return load_roas(self._workspace, chosen, asked)

    def get_cost_per_result(
        self,
        campaign_id: str,
        conversion_type: str,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> Decimal | None:
        """Return spend per conversion of one named type in the account's currency; None without such a conversion.

        Raises:
            NotFound: There is no such campaign, or its account knows no such conversion type.
        """
        found = self.load_metrics(campaign_id, since, until, as_of)
        amount = plain_value(CPA, choose_result(found.results, conversion_type, found.profile.ref).cost_micros)
        return None if amount is None else Decimal(amount)

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

    def detect_anomalies(
        self,
        campaign_id: str,
        metrics: str | Collection[str] | None = None,
        threshold_std: float = THRESHOLD_STD,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> tuple[Anomaly, ...]:
        """Return the hours of a campaign that lie beyond `threshold_std` standard deviations, the newest first.

        Raises:
            NotFound: There is no such campaign, or it has no hourly facts in that time.
            InvalidInput: A metric cannot be judged by the hour, or the threshold is not above 0.
        """
        return load_unusual_hours(
            self._workspace,
            campaign_id,
            None if metrics is None else _names(metrics),
            threshold_std,
            since=since,
            until=until,
            as_of=self._moment(as_of),
        )

    def alert_on_anomaly(self, campaign_id: str) -> tuple[Anomaly, ...]:
        """Open an alert for each thing that is wrong with a campaign now, and return these; the job resolves them.

        Far stricter than `detect_anomalies`: what a campaign, left alone, does at most once in ninety days.

        Raises:
            NotFound: There is no such campaign.
        """
        found = load_anomalies(self._workspace, campaign_id)
        open_alerts(self._workspace, found)
        return found

    def compare_vs_prediction(self, campaign_id: str | None = None, *, days: int = DAYS) -> list[ComparedForecast]:
        """Hold what has matured against what was predicted, and return all that was compared in the last days.

        Each prediction is compared once, so a second call returns the same. The latest window comes first.

        Args:
            campaign_id: Only what is about this campaign; None for everything.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: So many days cannot be looked back on.
        """
        compare_predictions(self._workspace, actuals_of(self._workspace), campaign=campaign_id)
        return load_comparisons(self._workspace, campaign=campaign_id, days=days)

    def get_prediction_accuracy(self, days: int = DAYS, model: str | None = None) -> TrackRecord:
        """Say how right predictions were that were compared in the last days, and how honest their intervals.

        Args:
            model: Only of this model; None for all.

        Raises:
            InvalidInput: So many days cannot be looked back on.
        """
        return load_accuracy(self._workspace, days=days, model=model)

    def aggregate_by_creative(
        self,
        campaign_id: str | None = None,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> tuple[CreativeFigures, ...]:
        """Return what each creative did over local days, both inclusive.

        Args:
            campaign_id: Only creatives of this campaign; None for all.
            since: First day; None for the first one with facts.
            until: Last day; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
        """
        facts = self._load_creatives(campaign_id, since, until, as_of)
        return estimate_creatives(facts, load_currencies(self._workspace))

    def get_top_creatives(
        self,
        metric: str = ROAS.name,
        *,
        top: int = 10,
        impressions_min: int = 1000,
        campaign_id: str | None = None,
        since: date | None = None,
        until: date | None = None,
        as_of: datetime | None = None,
    ) -> tuple[RankedCreative, ...]:
        """Return the best creatives by a metric, judged by what it is likely to be.

        Args:
            metric: Name of the metric to rank by.
            top: How many at most.
            impressions_min: Creatives shown less often are left out.
            campaign_id: Only creatives of this campaign; None for all.
            since: First day; None for the first one with facts.
            until: Last day; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: There is no such metric, or it is not known per creative.
            CurrenciesMixed: It is an amount, and the accounts have several currencies.
        """
        wanted = find_metric(metric)
        facts = self._load_creatives(campaign_id, since, until, as_of)
        currencies = load_currencies(self._workspace)
        late = not LATE.isdisjoint({wanted.numerator, wanted.denominator})
        arrived = load_arrived(self._workspace, facts, self._moment(as_of)) if late else {}
        return estimate_top_creatives(
            facts, currencies, wanted, impressions_min=impressions_min, top=top, arrived=arrived
        )

    def get_creative_fatigue(
        self, campaign_id: str | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> tuple[CreativeFatigue, ...]:
        """Say of each creative whether it has worn out, the most tired first.

        Args:
            campaign_id: Only creatives of this campaign; None for all.
            until: As it was at the end of this local day; None for the last one that has ended everywhere.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
        """
        check_days(None, until)
        campaign = None if campaign_id is None else load_profile(self._workspace, campaign_id).ref
        return load_fatigue(self._workspace, campaign, until, self._moment(as_of))

    def generate_daily_report(
        self, day: date | None = None, campaigns: str | Sequence[str] = (), as_of: datetime | None = None
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
        check_days(day, None)
        refs = [load_profile(self._workspace, campaign).ref for campaign in _names(campaigns)] or None
        return load_daily_report(self._workspace, day, refs, self._moment(as_of))

    def load_budgets(self, scope: Scope = EVERYTHING, as_of: datetime | None = None) -> tuple[BudgetPace, ...]:
        """Return how the month's spend goes against planned budgets, of accounts, labels and campaigns.

        Args:
            scope: Which campaigns; everything by default.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign or account, or none of those asked for has a plan.
        """
        return load_budgets(self._workspace, scope, as_of=self._moment(as_of))

    def export_metrics_csv(
        self, campaign_id: str, since: date | None = None, until: date | None = None, as_of: datetime | None = None
    ) -> Iterator[str]:
        """Yield the lines of a CSV of every metric per local day with facts, header first.

        Args:
            since: First day, inclusive; None for the first one with facts.
            until: Last day, inclusive; None for the last one with facts.
            as_of: What was known at this moment; None for now.

        Raises:
            NotFound: There is no such campaign.
        """
        profile = load_profile(self._workspace, campaign_id)
        return load_export(self._workspace, profile, since, until, self._moment(as_of))

    def _moment(self, as_of: datetime | None) -> datetime:
        """Return the moment whose knowledge is asked for.

        Raises:
            InvalidInput: It has no time zone.
        """
        if as_of is not None and as_of.tzinfo is None:
            raise InvalidInput(f"as_of {as_of.isoformat(' ')} has no time zone; give one, such as UTC")
        return as_of or self._workspace.now()

    def _calculate(
        self, metric: Metric, campaign_id: str, since: date | None, until: date | None, as_of: datetime | None
    ) -> float | None:
        return value_of(metric, self.load_metrics(campaign_id, since, until, as_of).figures)

    def _calculate_amount(
        self, metric: Metric, campaign_id: str, since: date | None, until: date | None, as_of: datetime | None
    ) -> Decimal | None:
        amount = plain_value(metric, self._calculate(metric, campaign_id, since, until, as_of))
        return None if amount is None else Decimal(amount)

    def _load_creatives(
        self, campaign_id: str | None, since: date | None, until: date | None, as_of: datetime | None
    ) -> FactTable:
        campaigns = None if campaign_id is None else [load_profile(self._workspace, campaign_id).ref]
        return load_creative_facts(self._workspace, campaigns, since, until, self._moment(as_of))


def _names(given: str | Collection[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single one may come bare."""
    return (given,) if isinstance(given, str) else tuple(given)
