"""The class people know: when the money works, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adtempo.dayparts.analysis import Analysis, Niches, Question, analyze_each, analyze_one, find_one
from adtempo.dayparts.borrowing import HourPrior
from adtempo.dayparts.comparison import Comparison, compare_platforms
from adtempo.dayparts.decide import Recommendation
from adtempo.dayparts.proof import Proof, prove_schedule
from adtempo.dayparts.scheduling import (
    Draft,
    Exported,
    Wish,
    draft_schedule,
    export_schedule,
    keep_schedule,
    load_schedule,
    split_budget,
)
from adtempo.dayparts.sources import Moment, load_moment
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import CurrenciesMixed
from adtempo.domain.metrics import Unit, find_metric
from adtempo.domain.schedules import KeptSchedule, Strategy
from adtempo.store import dayparts as stored
from adtempo.store.engine import reading, transaction
from adtempo.store.ledger import last_batch

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

STALE = timedelta(hours=1)
"""Delays that were learnt longer ago are learnt anew, even if no facts came in."""

KEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of dayparts.

    Attributes:
        analyses: How many analyses.
        schedules: How many schedules.
        last_analysis: When the last one was made; None before the first.
    """

    analyses: int
    schedules: int
    last_analysis: datetime | None


class DayPartOptimizer:
    """Analyses of hours, and the schedules made of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: Moment | None = None

    def analyze(self, campaign_id: str, question: Question | None = None, *, platform: str | None = None) -> Analysis:
        """Say what is known of a campaign's week.

        Args:
            campaign_id: Its id, or platform:account:campaign.
            question: What is asked; None for ROAS over LOOKBACK_DAYS.
            platform: Where the campaign is; None where that is clear.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: There are several.
        """
        campaign, account = find_one(self._workspace, campaign_id, platform)
        return analyze_one(self._workspace, self._moment(), campaign, account, question or Question())

    def analyze_all(self, question: Question | None = None) -> Iterator[Analysis]:
        """Yield what is known of every campaign's week, account by account, and keep it; memory is bounded."""
        waiting: list[Analysis] = []
        for one in analyze_each(self._workspace, self._moment(), question or Question()):
            waiting.append(one)
            if len(waiting) == KEPT_AT_ONCE:
                self.keep(waiting)
                yield from waiting
                waiting = []
        self.keep(waiting)
        yield from waiting

    def keep(self, analyses: Sequence[Analysis]) -> None:
        """Keep analyses and their patterns in the operational database; those that are kept stay as they are."""
        with transaction(self._workspace.engine) as connection:
            stored.insert_analyses(connection, [one.to_store() for one in analyses])

    def recommend(self, campaign_id: str, *, platform: str | None = None) -> tuple[Recommendation, ...]:
        """Say what to do about a campaign's hours, what matters most first."""
        return self.analyze(campaign_id, platform=platform).recommendations

    def draft_schedule(
        self, campaign_id: str, wish: Wish, question: Question | None = None, *, platform: str | None = None
    ) -> Draft:
        """Return a schedule without keeping it: what a budget would look like, and what is expected of it."""
        return draft_schedule(self.analyze(campaign_id, question, platform=platform), wish)

    def build_schedule(
        self,
        campaign_id: str,
        total_daily_budget: str | float | Decimal,
        strategy: str = Strategy.BALANCED,
        *,
        platform: str | None = None,
        peak_multiplier: float | None = None,
        valley_multiplier: float | None = None,
        actor: str | None = None,
    ) -> KeptSchedule:
        """Share a daily budget out over a campaign's hours and keep it, with what is expected of it.

        Args:
            campaign_id: Its id, or platform:account:campaign.
            total_daily_budget: In major units of the account's currency.
            strategy: conservative, balanced or aggressive.
            platform: Where the campaign is; None where that is clear.
            peak_multiplier: On peaks, instead of the strategy's.
            valley_multiplier: In valleys, instead of 0.5.
            actor: Who makes it; None for the owner of the home.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: A multiplier or the budget is not possible.
        """
        wish = Wish(total_daily_budget, strategy, peak_multiplier, valley_multiplier)
        draft = self.draft_schedule(campaign_id, wish, platform=platform)
        return keep_schedule(self._workspace, draft, actor=actor or self._workspace.actor)

    def build_unified_schedule(
        self, campaign_ids: Sequence[str], wish: Wish, *, actor: str | None = None
    ) -> tuple[KeptSchedule, ...]:
        """Plan campaigns of several platforms together: one daily budget, shared out as they spend now.

        Raises:
            NotFound: There is no such campaign.
            CurrenciesMixed: They are in several currencies.
            InvalidInput: A multiplier or the budget is not possible.
        """
        analyses = [self.analyze(campaign_id) for campaign_id in campaign_ids]
        parts = split_budget(analyses, wish)
        drafts = [draft_schedule(analysis, part) for analysis, part in zip(analyses, parts, strict=True)]
        return tuple(keep_schedule(self._workspace, one, actor=actor or self._workspace.actor) for one in drafts)

    def load_schedule(self, schedule_id: str) -> KeptSchedule:
        """Return a schedule that was kept.

        Raises:
            NotFound: There is none of this id.
        """
        return load_schedule(self._workspace, schedule_id)

    def load_schedules(self, campaign_id: str) -> list[KeptSchedule]:
        """Return the schedules of a campaign, the newest first.

        Raises:
            NotFound: There is no such campaign.
        """
        campaign, _ = find_one(self._workspace, campaign_id)
        with reading(self._workspace.engine) as connection:
            return stored.list_schedules(connection, campaign.ref)

    def export_schedule(self, schedule_id: str, form: str) -> Exported:
        """Return a schedule in a platform's form, and what that form cannot hold.

        Raises:
            NotFound: There is no such schedule, or no such form.
        """
        schedule = self.load_schedule(schedule_id)
        campaign, _ = find_one(self._workspace, str(schedule.campaign))
        return export_schedule(schedule, form, title=campaign.label or campaign.name or campaign.ref.campaign_id)

    def prove(self, schedule_id: str) -> Proof:
        """Return in which weeks to run a schedule so that its gain shows, and what they have shown so far.

        Raises:
            NotFound: There is no such schedule.
            InvalidInput: It promises nothing, or too little is known of how much weeks differ.
        """
        return prove_schedule(self._workspace, schedule_id)

    def compare(
        self, campaign_ids: Sequence[str] = (), question: Question | None = None
    ) -> tuple[Comparison, list[Analysis]]:
        """Compare platforms on the same hours of the local day.

        Args:
            campaign_ids: Which campaigns; none means all.
            question: What is asked; None for ROAS over LOOKBACK_DAYS.

        Returns:
            The comparison, and the analyses that could not take part in it because their hours lack the metric.

        Raises:
            CurrenciesMixed: The metric is an amount, and the campaigns are in several currencies.
            InvalidInput: Fewer than two platforms can be compared.
        """
        asked = question or Question()
        metric = find_metric(asked.metric)
        chosen = (
            [self.analyze(one, asked) for one in campaign_ids]
            if campaign_ids
            else list(analyze_each(self._workspace, self._moment(), asked))
        )
        able = [one for one in chosen if one.metric == metric and one.found.samples]
        currencies = sorted({one.account.currency for one in able})
        if metric.unit is Unit.MICROS and len(currencies) > 1:
            raise CurrenciesMixed(currencies)
        compared = compare_platforms(metric, [(one.campaign.ref.platform, one.panel) for one in able])
        return compared, [one for one in chosen if one not in able]

    def load_niche(
        self, niche: str, question: Question | None = None, *, client: str | None = None
    ) -> HourPrior | None:
        """Return what a new campaign of a client may expect of its hours from the niche's other campaigns.

        Args:
            question: What is asked; None for ROAS over LOOKBACK_DAYS.
            client: Who asks; None stands for accounts without a client.

        Returns:
            None where nothing may be shared, or nothing is known.
        """
        asked = question or Question()
        nobody = Account(AccountRef("", ""), "UTC", "EUR", client=client)
        return Niches(self._workspace, self._moment(), asked).load_prior(nobody, find_metric(asked.metric), niche)

    def load_clearest(self) -> str | None:
        """Return the campaign with the clearest of the patterns that were kept last; None where none was found."""
        with reading(self._workspace.engine) as connection:
            ref = stored.find_clearest(connection)
        return None if ref is None else str(ref)

    def load_standing(self) -> Standing:
        """Return what is kept."""
        with reading(self._workspace.engine) as connection:
            return Standing(*stored.count_kept(connection))

    def _moment(self) -> Moment:
        """Return what is known, learnt anew only when facts came in or time went by."""
        now = self._workspace.now()
        with reading(self._workspace.engine) as connection:
            batch = last_batch(connection)
        known = self._known
        if known is None or known.batch != batch or not timedelta() <= now - known.as_of < STALE:
            known = self._known = load_moment(self._workspace, now)
        return known
