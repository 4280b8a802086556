"""From grouped facts to what happened on a day: totals, top campaigns, movers, and what needs a person.

Amounts of two currencies never meet: everything is said once per currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.metrics import CPA, SPEND, blend, format_value, value_of
from adtempo.domain.panels import FactTable, Quantities
from adtempo.tracking.activity import Activity
from adtempo.tracking.expected import NOTHING, ExpectedFigures
from adtempo.tracking.pacing import BudgetPace

Figures = Mapping[CampaignRef, Quantities]
"""What each campaign did in some time."""

TOP = 5
"""How many campaigns a list of the report names, per currency."""

SILENT_CONVERSIONS = 5.0
"""Spend that elsewhere buys so many conversions and here bought none is worth a look: by chance 1 in 150 (Poisson)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a campaign apart from its facts.

    Attributes:
        ref: Which campaign.
        currency: Of its account (ISO 4217).
        name: What people call it; empty when no source said.
        target_roas: What its owner asked of it; None when nobody did.
        simulated: Whether it exists in the sandbox market only.
    """

    ref: CampaignRef
    currency: str
    name: str = ""
    target_roas: float | None = None
    simulated: bool = False

    @property
    def label(self) -> str:
        """What to call it on a screen."""
        return self.name or self.ref.campaign_id


@dataclass(frozen=True, slots=True)
class Result:
    """What one named conversion type came to.

    Attributes:
        conversion_type: Its name, as the platform or the file has it.
        figures: Its conversions and their value.
        cost_micros: Spend per conversion, micros of the account's currency; None without a conversion.
    """

    conversion_type: str
    figures: Quantities
    cost_micros: float | None


@dataclass(frozen=True, slots=True)
class CampaignMetrics:
    """One campaign over some local days.

    Attributes:
        profile: Which campaign.
        since: First local day, inclusive.
        until: Last local day, inclusive.
        as_of: What was known at this moment, UTC.
        figures: Sums over the days; None where nobody measured.
        results: Named conversion types, where the account has any.
        expected: What the late part of the figures will come to; None where it was not asked for.
    """

    profile: Profile
    since: date
    until: date
    as_of: datetime
    figures: Quantities
    results: tuple[Result, ...] = ()
    expected: ExpectedFigures | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another day to hold the report's day against.

    Attributes:
        day: Which day.
        same_age: Whether its figures are those known when it was as old as the report's day is now; otherwise they
            are the latest, and a young day looks worse beside them than it is.
        figures: What the campaigns did.
    """

    day: date
    same_age: bool
    figures: Figures


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the facts of one account reach.

    Attributes:
        account: Whose facts.
        observed_at: Latest moment at which its platform was heard; None if never.
        day_ends_at: When the report's day ends in the account's own zone, UTC.
    """

    account: AccountRef
    observed_at: datetime | None
    day_ends_at: datetime

    @property
    def complete(self) -> bool:
        """Whether the platform was heard after the day had ended; conversions may still arrive then."""
        return self.observed_at is not None and self.observed_at >= self.day_ends_at


@dataclass(frozen=True, slots=True)
class Total:
    """What a group of campaigns did, in one currency.

    Attributes:
        label: The currency, platform or account that the group is.
        currency: ISO 4217 code of its amounts.
        campaigns: How many campaigns had facts.
        figures: Sums of the day.
        day_before: Sums of the day before; None if nothing is known.
        week_before: Sums of the same weekday a week before; None if nothing is known.
        expected: What the late part of the figures will come to; None where that was not asked for.
    """

    label: str
    currency: str
    campaigns: int
    figures: Quantities
    day_before: Quantities | None
    week_before: Quantities | None
    expected: ExpectedFigures | None = None


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """One campaign's day beside the day before, and what it will come to."""

    profile: Profile
    figures: Quantities
    day_before: Quantities | None
    expected: ExpectedFigures | None = None

    @property
    def value_change_micros(self) -> int:
        """How much more conversion value than on the day before, in micros."""
        before = self.day_before.conversion_value_micros if self.day_before else None
        return (self.figures.conversion_value_micros or 0) - (before or 0)


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What all campaigns of one currency did on one day, for the run of days before the report's."""

    day: date
    currency: str
    figures: Quantities
    expected: ExpectedFigures | None = None


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the late figures of one day will come to, for every group that a report adds up.

    Attributes:
        campaigns: Of each campaign.
        currencies: Of all campaigns of a currency, by (currency, currency).
        platforms: By (platform, currency).
        accounts: By (account as text, currency).
    """

    campaigns: Mapping[CampaignRef, ExpectedFigures] = field(default_factory=dict)
    currencies: Mapping[tuple[str, str], ExpectedFigures] = field(default_factory=dict)
    platforms: Mapping[tuple[str, str], ExpectedFigures] = field(default_factory=dict)
    accounts: Mapping[tuple[str, str], ExpectedFigures] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the report's day.

    Attributes:
        expected: What its late figures will come to.
        days: The days up to the report's, per currency, in order.
        budgets: How spend goes against plans, the widest first.
        activity: What the system did; None where only some campaigns are reported.
    """

    expected: Expectations = Expectations()
    days: tuple[DayTotal, ...] = ()
    budgets: tuple[BudgetPace, ...] = ()
    activity: Activity | None = None


@dataclass(frozen=True, slots=True)
class DailyReport:
    """What happened on one day, as known at one moment.

    Attributes:
        day: The day, in each account's own zone.
        as_of: What was known at this moment, UTC.
        totals: One per currency.
        platforms: One per platform and currency.
        accounts: One per account.
        top_campaigns: The most conversion value, at most TOP per currency.
        movers: The largest change of conversion value against the day before, at most TOP per currency.
        day_before: What the day is compared with.
        week_before: The same weekday a week earlier.
        freshness: How far the facts reach, per account.
        attention: What a person should look at, one sentence each.
        simulated: Whether any of it comes from the sandbox market.
        around: The days before, budgets, what the system did.
    """

    day: date
    as_of: datetime
    totals: tuple[Total, ...]
    platforms: tuple[Total, ...]
    accounts: tuple[Total, ...]
    top_campaigns: tuple[CampaignDay, ...]
    movers: tuple[CampaignDay, ...]
    day_before: Comparison
    week_before: Comparison
    freshness: tuple[Freshness, ...]
    attention: tuple[str, ...]
    simulated: bool
    around: Surroundings

    @property
    def complete(self) -> bool:
        """Whether every account was heard after its day had ended."""
        return all(account.complete for account in self.freshness)


def estimate_figures(table: FactTable) -> dict[CampaignRef, Quantities]:
    """Return each campaign's figures.

    Args:
        table: Sums whose first three keys are platform, account_id and campaign_id, one row per campaign.
    """
    return {CampaignRef(*map(str, keys[:3])): figures for keys, figures in table.rows()}


def estimate_metrics(
    profile: Profile, table: FactTable, since: date | None, until: date | None, as_of: datetime
) -> CampaignMetrics:
    """Add up a campaign's days.

    Args:
        table: Its sums, the only key being day_local.
        since: First day asked for; None for the first one with facts.
        until: Last day asked for; None for the last one with facts.
        as_of: What was known at this moment.

    Raises:
        NotFound: No day was asked for and no facts are known.
    """
    days = [keys[0] for keys, _ in table.rows()]
    since, until = since or min(days, default=until), until or max(days, default=since)
    if since is None or until is None:
        raise NotFound(
            f"nothing was known of campaign {profile.ref} on {as_of:%Y-%m-%d %H:%M} UTC; "
            "import facts or choose a later --as-of"
        )
    if len(table) == 1:  # reach cannot be added up, so it is known of one day only
        return CampaignMetrics(profile, since, until, as_of, table.quantities(0))
    parts = [("", figures) for _, figures in table.rows()]
    return CampaignMetrics(profile, since, until, as_of, blend(parts)[1] if parts else Quantities())


def estimate_daily_report(
    day: date,
    as_of: datetime,
    figures: Figures,
    profiles: Mapping[CampaignRef, Profile],
    day_before: Comparison,
    week_before: Comparison,
    freshness: Sequence[Freshness],
    around: Surroundings = Surroundings(),
) -> DailyReport:
    """Say what happened on a day.

    Args:
        day: The day, in each account's own zone.
        as_of: What was known at this moment.
        figures: What the campaigns did on the day; campaigns without facts are absent.
        profiles: A profile for every campaign in any of the figures.
        week_before: The same weekday a week earlier.
        freshness: How far the facts reach, one per account.
        around: What late figures will come to, the days before, budgets, what the system did.
    """
    known, expected = (figures, day_before.figures, week_before.figures), around.expected
    days = [
        CampaignDay(profiles[ref], amounts, day_before.figures.get(ref), expected.campaigns.get(ref))
        for ref, amounts in figures.items()
    ]
    return DailyReport(
        day=day,
        as_of=as_of,
        totals=_totals(known, profiles, lambda profile: profile.currency, expected.currencies),
        platforms=_totals(known, profiles, lambda profile: profile.ref.platform, expected.platforms),
        accounts=_totals(known, profiles, lambda profile: str(profile.ref.account), expected.accounts),
        top_campaigns=_most(days, lambda line: line.figures.conversion_value_micros or 0),
        movers=_most(days, lambda line: abs(line.value_change_micros)) if day_before.figures else (),
        day_before=day_before,
        week_before=week_before,
        freshness=tuple(sorted(freshness, key=lambda account: account.account)),
        attention=_attention(days, figures, day_before.figures, around),
        simulated=any(line.profile.simulated for line in days),
        around=around,
    )


def _attention(days: Sequence[CampaignDay], figures: Figures, before: Figures, around: Surroundings) -> tuple[str, ...]:
    """Say what needs a person, the most urgent first; a campaign that an alert is about is not named again."""
    alerts = around.activity.waiting if around.activity else ()
    alerted = around.activity.alerted if around.activity else frozenset()
    unalerted = [line for line in days if line.profile.ref not in alerted]
    decisions = around.activity.decisions.waiting if around.activity else 0
    return (
        *([f"{decisions} change{'s wait' if decisions > 1 else ' waits'} for your approval"] if decisions else []),
        *(f"{alert.severity}: {alert.message}" for alert in alerts),
        *_unheard(figures, before),
        *_off_plan(around.budgets),
        *_without_conversions(unalerted, days),
        *_below_target(unalerted),
    )


def _off_plan(budgets: Sequence[BudgetPace]) -> list[str]:
    """Say which budgets leave their plan; a campaign that does as its whole account does is not named again."""
    off = [budget for budget in budgets if budget.off_plan]
    accounts = {(budget.name, budget.pacing.pace) for budget in off if budget.kind == "account"}
    return [
        str(budget)
        for budget in off
        if budget.kind != "campaign" or (":".join(budget.name.split(":")[:2]), budget.pacing.pace) not in accounts
    ]


def _totals(
    known: tuple[Figures, Figures, Figures],
    profiles: Mapping[CampaignRef, Profile],
    label_of: Callable[[Profile], str],
    expected: Mapping[tuple[str, str], ExpectedFigures],
) -> tuple[Total, ...]:
    """Add up the day, the day before and the week before, per label and currency."""
    figures, day_before, week_before = known
    groups: dict[tuple[str, str], set[CampaignRef]] = defaultdict(set)
    for ref in {*figures, *day_before, *week_before}:
        profile = profiles[ref]
        groups[label_of(profile), profile.currency].add(ref)
    totals = (
        Total(
            label=label,
            currency=currency,
            campaigns=len(refs & figures.keys()),
            figures=_sum(figures, refs) or Quantities(),
            day_before=_sum(day_before, refs),
            week_before=_sum(week_before, refs),
            expected=expected.get((label, currency)),
        )
        for (label, currency), refs in sorted(groups.items())
    )
    return tuple(total for total in totals if total.campaigns)


def _sum(figures: Figures, refs: Iterable[CampaignRef]) -> Quantities | None:
    parts = [("", figures[ref]) for ref in refs if ref in figures]
    return blend(parts)[1] if parts else None


def _most(days: Sequence[CampaignDay], weight: Callable[[CampaignDay], int]) -> tuple[CampaignDay, ...]:
    """Return the heaviest of each currency, heaviest first; equal ones by name of the reference."""
    by_currency: dict[str, list[CampaignDay]] = defaultdict(list)
    for line in sorted(days, key=lambda line: (-weight(line), line.profile.ref)):
        if weight(line) > 0:
            by_currency[line.profile.currency].append(line)
    return tuple(line for currency in sorted(by_currency) for line in by_currency[currency][:TOP])


def _unheard(figures: Figures, day_before: Figures) -> list[str]:
    """Name accounts that had facts on the day before and have none on the day."""
    heard = {ref.account for ref in figures}
    missing = sorted({ref.account for ref in day_before} - heard)
    return [f"{account}: no facts for this day, although there are some for the day before" for account in missing]


def _without_conversions(suspects: Sequence[CampaignDay], days: Sequence[CampaignDay]) -> list[str]:
    """Name campaigns whose spend bought nothing where the account's other spend buys several conversions."""
    by_account: dict[AccountRef, list[CampaignDay]] = defaultdict(list)
    for line in days:
        by_account[line.profile.ref.account].append(line)
    found = []
    for account, lines in by_account.items():
        cpa_micros = value_of(CPA, blend(("", line.figures) for line in lines)[1])
        for line in suspects:
            if line.profile.ref.account != account:
                continue
            spent = line.figures.spend_micros or 0
            if cpa_micros and line.figures.conversions_micros == 0 and spent >= SILENT_CONVERSIONS * cpa_micros:
                found.append((spent / cpa_micros, line))
    found.sort(key=lambda pair: (-pair[0], pair[1].profile.ref))
    return [
        f"{line.profile.label}: {format_value(SPEND, line.figures.spend_micros, line.profile.currency)} spent without "
        f"a conversion; elsewhere in the account that buys {conversions:.0f}"
        for conversions, line in found
    ]


def _below_target(days: Sequence[CampaignDay]) -> list[str]:
    """Name campaigns that, once all has arrived, will most likely stay below what their owner asked for.

    Not those that only look so today: a young day's reported return is low for everybody.
    """
    found = []
    for line in days:
        target, expected = line.profile.target_roas, line.expected.roas if line.expected else NOTHING
        if target is not None and expected.value is not None and (expected.high80 or 0.0) < target:
            found.append(((target - expected.value) * (line.figures.spend_micros or 0), line, expected))
    found.sort(key=lambda item: (-item[0], item[1].profile.ref))
    return [
        f"{line.profile.label}: its ROAS of the day will come to {expected.value:.2f} (90% sure: at most "
        f"{expected.high80:.2f}), below its target {line.profile.target_roas:.2f}"
        for _, line, expected in found
    ]


def estimate_change(now: float | None, before: float | None) -> float | None:
    """Return by which share a value grew: 0.1 is 10%; None where one is absent or there was nothing to grow from."""
    if now is None or before is None or before <= 0:
        return None
    return now / before - 1
