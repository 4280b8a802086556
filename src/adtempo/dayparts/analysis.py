"""Analyses: from the ledger's hours to what is known of a campaign's week, one campaign or all of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from adtempo.dayparts.batch import Dayparts
from adtempo.dayparts.borrowing import HourPrior
from adtempo.dayparts.decide import Recommendation, recommend_actions
from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.evidence import Roots
from adtempo.dayparts.findings import CampaignDayparts, DaypartSettings
from adtempo.dayparts.niches import learn_prior, recognise_niche
from adtempo.dayparts.panel import HourlyPanel, lay_out_hours
from adtempo.dayparts.response import HourResponse, learn_response
from adtempo.dayparts.sources import Conversions, LoadedHours, Moment, load_hours
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.metrics import METRICS, Metric, find_metric
from adtempo.store import accounts as stored_accounts
from adtempo.store.dayparts import StoredAnalysis, StoredPattern
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

LOOKBACK_DAYS, LOOKBACK_DAYS_MAX = 30, 730

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that anybody may ask about."""

YOUNG_DAYS = 14
"""A campaign with fewer days of facts also borrows from its niche."""

TOGETHER = 100
"""So many campaigns of one account are estimated together and borrow from each other; memory is bounded by it."""

LENDERS = 200
"""So many campaigns of a niche are enough to say what its hours are like, as many of each account."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a campaign's week.

    Attributes:
        lookback_days: Days to look back on, the last of them included.
        metric: Name of a ratio out of METRICS.
        until: Last local day; None for the last one that is over and has facts.
        settings: How the week is judged.
        niche: What the campaign's market is taken to be; None for what is known of it.

    Raises:
        InvalidInput: The metric is none, or no ratio; or nobody looks back so far, or to such a day.
    """

    lookback_days: int = LOOKBACK_DAYS
    metric: str = "roas"
    until: date | None = None
    settings: DaypartSettings = field(default_factory=DaypartSettings)
    niche: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.lookback_days <= LOOKBACK_DAYS_MAX:
            raise InvalidInput(f"{self.lookback_days} days cannot be looked back on; choose 1 to {LOOKBACK_DAYS_MAX}")
        if self.until is not None and not EARLIEST <= self.until <= LATEST:
            raise InvalidInput(f"nothing is known of {self.until}; choose a day from {EARLIEST} to {LATEST}")
        metric = find_metric(self.metric)
        if metric.denominator is None or "reach" in (metric.numerator, metric.denominator):
            ratios = [one.name for one in METRICS if one.denominator not in (None, "reach")]
            raise InvalidInput(
                f"hours are compared by a ratio, not by {metric.name}; choose one of {', '.join(ratios)}"
            )

    def days(self, account: Account, moment: Moment) -> tuple[date, date]:
        """Return the first and the last local day that are meant, inclusive."""
        until = self.until or moment.last_day(account)
        return until - timedelta(days=self.lookback_days - 1), until


@dataclass(frozen=True, slots=True)
class Known:
    """Every account and campaign, as known at a moment."""

    accounts: Mapping[AccountRef, Account]
    campaigns: Mapping[AccountRef, Sequence[Campaign]]

    @classmethod
    def load(cls, workspace: Workspace, moment: Moment) -> Known:
        """Read them."""
        campaigns: dict[AccountRef, list[Campaign]] = defaultdict(list)
        with reading(workspace.engine) as connection:
            accounts = {one.ref: one for one in stored_accounts.load_accounts(connection)}
            for one in stored_accounts.load_campaigns(connection, at=moment.as_of):
                campaigns[one.ref.account].append(one)
        return cls(accounts, campaigns)

    def campaigns_of(self, account: AccountRef) -> Sequence[Campaign]:
        """Return the campaigns of an account in the order of their ids."""
        return self.campaigns.get(account, ())


def niche_of(campaign: Campaign) -> str | None:
    """Return a campaign's niche: what people or files said, else what its name says."""
    return campaign.niche or recognise_niche(campaign.label or campaign.name or "")


@dataclass(frozen=True)
class Analysis:
    """What is known of one campaign's week, and what it rests on.

    Attributes:
        campaign: Which campaign.
        account: Its account.
        niche: Its market, if one is known.
        question: What was asked.
        since: First local day, inclusive.
        until: Last local day, inclusive.
        as_of: What was known at this moment, aware.
        batch: The ledger's newest batch then: the watermark of the inputs.
        conversions: Whose conversions were counted by the hour.
        found: What was found.
        panel: The hours of the metric, of this campaign alone.
        delivery: Spend and impressions of the same hours.
        notes: What should be said about the facts themselves.
    """

    campaign: Campaign
    account: Account
    niche: str | None
    question: Question
    since: date
    until: date
    as_of: datetime
    batch: int
    conversions: Conversions
    found: CampaignDayparts
    panel: HourlyPanel
    delivery: HourlyPanel
    notes: tuple[str, ...]

    @property
    def metric(self) -> Metric:
        """The metric that the hours could carry."""
        return self.found.metric

    @property
    def reason(self) -> str:
        """Why there is no pattern, and what should be said about the facts; empty where there is nothing to say."""
        told = (self.found.reason, *self.notes) if len(self.panel.days) else self.notes
        return " ".join(told)

    @cached_property
    def analysis_id(self) -> str:
        """Its id: the same question about the same facts is the same analysis."""
        asked = (self.campaign.ref, self.question, self.since, self.until, self.niche, self.batch)
        return hashlib.sha256("\n".join(map(repr, asked)).encode()).hexdigest()[:24]

    @cached_property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """What to do, what matters most first."""
        return recommend_actions(replace(self.found, reason=self.reason), self.response)

    @cached_property
    def response(self) -> HourResponse | None:
        """What money brings in each hour; None where nothing can be said."""
        return learn_response(self.found, self.panel, self.delivery)

    def to_store(self) -> StoredAnalysis:
        """Return what is kept of it; the figures of the cells follow from the facts again."""
        return StoredAnalysis(
            analysis_id=self.analysis_id,
            campaign=self.campaign.ref,
            niche=self.niche,
            metric=self.metric.name,
            since=self.since,
            until=self.until,
            lookback_days=self.question.lookback_days,
            min_samples=self.question.settings.min_samples,
            samples=self.found.samples,
            abstained=self.found.abstained,
            reason=self.reason,
            peak_hours=self.found.peak_hours,
            valley_hours=self.found.valley_hours,
            as_of=self.as_of,
            batch=self.batch,
            patterns=tuple(
                StoredPattern(one.kind.value, one.hours, one.days, one.lift, one.strength, one.confidence, one.q_value)
                for one in self.found.patterns
            ),
        )


def find_one(workspace: Workspace, text: str, platform: str | None = None) -> tuple[Campaign, Account]:
    """Return the campaign that people mean, and its account.

    Raises:
        NotFound: There is no such campaign, or not on this platform.
        InvalidInput: There are several.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        accounts = {one.ref: one for one in stored_accounts.load_accounts(connection)}
        if platform is None:
            ref = stored_accounts.find_campaign(connection, text)
        else:
            refs = [one.ref for one in stored_accounts.load_campaigns(connection, at=now)]
            there = [one for one in refs if one.platform == platform and text in (one.campaign_id, str(one))]
            if not there:
                raise NotFound(
                    f"there is no campaign {text!r} on {platform}; `adtempo campaigns list` shows those there are"
                )
            ref = there[0] if len(there) == 1 else stored_accounts.find_campaign(connection, text)
        (campaign,) = stored_accounts.load_campaigns(connection, at=now, campaign=ref)
    return campaign, accounts[ref.account]


def analyze_one(
    workspace: Workspace, moment: Moment, campaign: Campaign, account: Account, question: Question
) -> Analysis:
    """Analyse one campaign, together with its neighbours in the account."""
    with reading(workspace.engine) as connection:
        mates = stored_accounts.load_campaign_refs(connection, account.ref)
    start = mates.index(campaign.ref) // TOGETHER * TOGETHER
    (found,) = _analyze(Niches(workspace, moment, question), account, mates[start : start + TOGETHER], [campaign])
    return found


def analyze_each(workspace: Workspace, moment: Moment, question: Question) -> Iterator[Analysis]:
    """Analyse every campaign, account by account."""
    niches = Niches(workspace, moment, question)
    for ref, account in niches.known.accounts.items():
        campaigns = niches.known.campaigns_of(ref)
        for start in range(0, len(campaigns), TOGETHER):
            group = campaigns[start : start + TOGETHER]
            yield from _analyze(niches, account, [one.ref for one in group], group)


def _analyze(
    niches: Niches, account: Account, group: Sequence[CampaignRef], wanted: Sequence[Campaign]
) -> Iterator[Analysis]:
    """Analyse those that are wanted of a group of an account's campaigns, which borrow from each other."""
    question, moment = niches.question, niches.moment
    days = question.days(account, moment)
    metric = find_metric(question.metric)
    names = {one.ref: question.niche or niche_of(one) for one in wanted}
    loaded = load_hours(niches.workspace, moment, {account.ref: account}, group, metric, days)
    silent = sorted(set(group) - {ref for hours in loaded for ref in hours.panel.campaigns})
    if silent:
        loaded.append(_no_hours(metric, silent))
    places: dict[CampaignRef, tuple[LoadedHours, Dayparts, int]] = {}
    for hours in loaded:
        priors = niches.load_priors(account, hours, names)
        found = estimate_dayparts(hours.panel, question.settings, priors)
        places |= {ref: (hours, found, place) for place, ref in enumerate(hours.panel.campaigns)}
    for one in wanted:
        hours, found, place = places[one.ref]
        yield Analysis(
            campaign=one,
            account=account,
            niche=names[one.ref],
            question=question,
            since=days[0],
            until=days[1],
            as_of=moment.as_of,
            batch=moment.batch,
            conversions=hours.conversions,
            found=found.campaign(place),
            panel=hours.panel.part(slice(place, place + 1)),
            delivery=hours.delivery.part(slice(place, place + 1)),
            notes=_notes(hours, place, question, days),
        )


class Niches:
    """What niches say of their hours; a niche's campaigns are read once, however many of others ask.

    Args:
        question: What is asked of the hours.
    """

    def __init__(self, workspace: Workspace, moment: Moment, question: Question) -> None:
        self.workspace, self.moment, self.question = workspace, moment, question
        self._own: dict[tuple[Metric, str | None, str], list[tuple[Roots, list[AccountRef]]]] = {}

    @cached_property
    def known(self) -> Known:
        """Every account and campaign; read when it is needed."""
        return Known.load(self.workspace, self.moment)

    def load_priors(
        self, account: Account, hours: LoadedHours, names: Mapping[CampaignRef, str | None]
    ) -> list[HourPrior | None] | None:
        """Return what the niches of young campaigns say about their hours; grown ones know better themselves.

        Args:
            names: The niche of those that are asked about; where it is None, their whole platform is heard.
        """
        until = self.question.days(account, self.moment)[1]
        refs = hours.panel.campaigns
        young = {
            ref
            for ref, first in zip(refs, hours.first_days, strict=bool(hours.first_days))
            if ref in names and (until - first).days < YOUNG_DAYS
        }
        priors = {name: self.load_prior(account, hours.panel.metric, name) for name in {names[ref] for ref in young}}
        return [priors[names[ref]] if ref in young else None for ref in refs] if young else None

    def load_prior(self, account: Account, metric: Metric, niche: str | None) -> HourPrior | None:
        """Learn a niche's hours from campaigns of other accounts, as far as its sharing rule lets them be heard."""
        market = metric, niche, "" if niche else account.ref.platform
        if market not in self._own:
            self._own[market] = list(self._load_own(*market))
        parts = self._own[market]
        if not parts:
            return None
        roots = Roots(*(np.concatenate([getattr(own, name) for own, _ in parts]) for name in Roots.__slots__))
        accounts = [ref for _, refs in parts for ref in refs]
        clients = [self.known.accounts[ref].client for ref in accounts]
        return learn_prior(roots, accounts, clients, account.ref, account.client)

    def _load_own(self, metric: Metric, niche: str | None, platform: str) -> Iterator[tuple[Roots, list[AccountRef]]]:
        """Yield what the campaigns of a niche, or of a platform, say themselves, and whose they are.

        As many of each account, LENDERS in all; accounts that are asked about the same days are read together.
        """
        mates = {
            ref: [one.ref for one in of_account if (niche_of(one) == niche if niche else ref.platform == platform)]
            for ref, of_account in self.known.campaigns.items()
        }
        lending = [ref for ref, found in mates.items() if found]
        each = max(LENDERS // max(len(lending), 1), 1)
        by_days: dict[tuple[date, date], list[CampaignRef]] = defaultdict(list)
        for ref in lending:
            by_days[self.question.days(self.known.accounts[ref], self.moment)] += mates[ref][:each]
        for days, campaigns in by_days.items():
            for hours in load_hours(self.workspace, self.moment, self.known.accounts, campaigns, metric, days):
                if hours.panel.metric == metric:
                    own = estimate_dayparts(hours.panel, self.question.settings).own
                    yield own, [one.account for one in hours.panel.campaigns]


def _no_hours(metric: Metric, campaigns: Sequence[CampaignRef]) -> LoadedHours:
    def empty(one: Metric) -> HourlyPanel:
        return lay_out_hours(one, campaigns, [], [], [], ([], []))

    return LoadedHours(empty(metric), empty(find_metric("cpm")), Conversions.NONE, ())


def _notes(hours: LoadedHours, place: int, question: Question, days: tuple[date, date]) -> tuple[str, ...]:
    """Say what is special about a campaign's facts."""
    if not hours.first_days:
        span = f"the {question.lookback_days} days up to {days[1]}"
        missing = f"No usable pattern: there are no hourly facts in {span}, and hours cannot be told from days."
        return (missing, "Import rows with the grain hour, or look at other days with --until.")
    notes = []
    if hours.panel.metric.name != question.metric:
        shown = hours.panel.metric.name.upper()
        notes.append(
            f"Its hours carry no conversions, so {shown} is analysed instead of {question.metric.upper()}: import "
            "conversions with their click_time to see it."
        )
    elif hours.conversions is Conversions.OWN:
        notes.append("The conversions are the advertiser's own, by the hour of their click.")
    first = hours.first_days[place]
    if first > days[0]:
        known = (days[1] - first).days + 1
        notes.append(f"Hourly facts reach back only {known} of the {question.lookback_days} days asked for.")
    return tuple(notes)
