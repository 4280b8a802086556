"""Schedules: made of an analysis, kept with what is expected of them, taken away in a platform's form."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adtempo.dayparts.analysis import Analysis
from adtempo.dayparts.decide import recommend_plan
from adtempo.dayparts.exports import Export, Grid, Sheet, by_hour, find_export
from adtempo.dayparts.response import OUTLOOK_DAYS, read_response
from adtempo.domain.errors import CurrenciesMixed, InvalidInput
from adtempo.domain.metrics import Unit, find_metric
from adtempo.domain.money import MICROS, Money, format_micros, minor_decimals, minor_unit_micros, parse_micros
from adtempo.domain.schedules import KeptSchedule, Outlook, Strategy, WeekPlan
from adtempo.predictions.claims import Claim
from adtempo.predictions.record import record_prediction
from adtempo.store import dayparts as stored
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

MODEL = "daypart-schedule"
"""Under which name the ledger of predictions keeps what schedules were expected to come to."""

NOTHING_LOST = 0.005
"""A smaller part of the expected gain is not worth a word."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a budget should be spent over the hours.

    Attributes:
        total: Daily budget in major units, as a decimal number or text.
        strategy: How far to go on peaks.
        peak_multiplier: Instead of the strategy's.
        valley_multiplier: Instead of the usual 0.5.
    """

    total: str | float | Decimal
    strategy: str = Strategy.BALANCED
    peak_multiplier: float | None = None
    valley_multiplier: float | None = None

    def money(self, currency: str) -> Money:
        """Return the total as money.

        Raises:
            InvalidInput: It is not an amount.
        """
        return Money(parse_micros(str(self.total)), currency)


@dataclass(frozen=True, slots=True)
class Draft:
    """A schedule that nobody has kept: what a budget would look like, and what is expected of it."""

    analysis: Analysis
    strategy: Strategy
    plan: WeekPlan
    outlook: Outlook | None


@dataclass(frozen=True, slots=True)
class Exported:
    """A schedule in a platform's form.

    Attributes:
        schedule: Which schedule.
        export: In which form.
        text: The file.
        lost_share: Part of the expected gain over today's rhythm that the form cannot hold, 0 to 1; None where no gain
            is expected.
        statement: What was lost, in words.
    """

    schedule: KeptSchedule
    export: Export
    text: str
    lost_share: float | None
    statement: str


def draft_schedule(analysis: Analysis, wish: Wish) -> Draft:
    """Return the schedule that an analysis leads to.

    Raises:
        InvalidInput: The strategy, a multiplier or the budget is not possible.
    """
    if wish.strategy not in set(Strategy):
        raise InvalidInput(f"there is no strategy {wish.strategy!r}; choose one of {', '.join(Strategy)}")
    strategy = Strategy(wish.strategy)
    plan = recommend_plan(
        analysis.found,
        wish.money(analysis.account.currency),
        strategy,
        platform=analysis.campaign.ref.platform,
        peak_multiplier=wish.peak_multiplier,
        valley_multiplier=wish.valley_multiplier,
    )
    response = analysis.response
    return Draft(analysis, strategy, plan, None if response is None else response.predict(plan))


def keep_schedule(workspace: Workspace, draft: Draft, *, actor: str) -> KeptSchedule:
    """Keep a schedule as the next version of its campaign, and what is expected of it in the ledger of predictions."""
    analysis, ref = draft.analysis, draft.analysis.campaign.ref
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        stored.insert_analyses(connection, [analysis.to_store()])
        version = stored.next_version(connection, ref)
        kept = KeptSchedule(
            schedule_id=hashlib.sha256(f"{ref}:{version}".encode()).hexdigest()[:16],
            version=version,
            campaign=ref,
            analysis_id=analysis.analysis_id,
            strategy=draft.strategy,
            timezone=analysis.account.timezone,
            plan=draft.plan,
            outlook=draft.outlook,
            made_at=now,
            actor=actor,
            basis={} if analysis.response is None else analysis.response.to_json(),
            reason=analysis.reason,
        )
        stored.insert_schedule(connection, kept)
    if kept.outlook is not None:
        first = now.astimezone(analysis.account.zone).date() + timedelta(days=1)
        unit = MICROS if find_metric(kept.outlook.metric).unit is Unit.MICROS else 1
        claim = Claim(
            prediction_id=f"schedule-{kept.schedule_id}",
            metric=kept.outlook.metric,
            since=first,
            until=first + timedelta(days=OUTLOOK_DAYS - 1),
            value=kept.outlook.expected / unit,
            model=MODEL,
            campaign=str(ref),
            interval={"low95": kept.outlook.low / unit, "high95": kept.outlook.high / unit},
        )
        record_prediction(workspace, claim, actor=actor)
    return kept


def split_budget(analyses: Sequence[Analysis], wish: Wish) -> list[Wish]:
    """Share one daily budget out over campaigns as they spend now: a schedule says when, never where.

    Raises:
        CurrenciesMixed: The campaigns are in several currencies.
        InvalidInput: No campaign is named, or one twice, or the total is not an amount that can be paid everywhere.
    """
    refs = [one.campaign.ref for one in analyses]
    if not refs or len(set(refs)) < len(refs):
        raise InvalidInput("name each campaign of the plan once")
    currencies = sorted({one.account.currency for one in analyses})
    if len(currencies) > 1:
        raise CurrenciesMixed(currencies)
    spent = [int(one.delivery.numerators.sum()) for one in analyses]
    weights = spent if all(spent) else [1] * len(spent)
    coarsest = max((ref.platform for ref in refs), key=lambda name: minor_unit_micros(currencies[0], name))
    parts = wish.money(currencies[0]).split(weights, coarsest)
    return [
        Wish(format_micros(part.micros), wish.strategy, wish.peak_multiplier, wish.valley_multiplier) for part in parts
    ]


def load_schedule(workspace: Workspace, schedule_id: str) -> KeptSchedule:
    """Return a schedule that was kept.

    Raises:
        NotFound: There is none of this id.
    """
    with reading(workspace.engine) as connection:
        return stored.load_schedule(connection, schedule_id)


def export_schedule(schedule: KeptSchedule, name: str, *, title: str) -> Exported:
    """Return a schedule in a form that can be taken away, and what that form cannot hold.

    Raises:
        NotFound: There is no such form.
        InvalidInput: The form cannot hold the schedule at all.
    """
    export = find_export(name)
    plan = schedule.plan
    decimals = minor_decimals(plan.total.currency, plan.platform)
    sheet = Sheet(
        title=title,
        currency=plan.total.currency,
        timezone=schedule.timezone,
        first_day=schedule.made_at.date() + timedelta(days=1),
        multipliers=plan.multipliers,
        budgets=tuple(format_micros(part.micros, decimals) for part in plan.week_budgets()),
    )
    grid = export.fit(plan.multipliers)
    lost, statement = _price(schedule, export, grid)
    return Exported(schedule, export, export.write(sheet, grid), lost, statement)


def price_export(schedule: KeptSchedule, export: Export) -> tuple[float | None, str]:
    """Return what a form would lose of a schedule, as `Exported` says it, without writing it."""
    return _price(schedule, export, export.fit(schedule.plan.multipliers))


def _price(schedule: KeptSchedule, export: Export, grid: Grid) -> tuple[float | None, str]:
    lost = _lost_share(schedule, by_hour(grid))
    return lost, f"{export.keeps} {_loss_text(lost, schedule.plan)}"


def _lost_share(schedule: KeptSchedule, hours: Sequence[float]) -> float | None:
    """Return the part of the expected gain over today's rhythm that is lost if a platform runs these multipliers."""
    outlook = schedule.outlook
    if outlook is None or outlook.modified <= 0:
        return None
    kept = read_response(schedule.basis).gain_of_modifiers(hours).expected
    return min(max(1 - kept / outlook.modified, 0.0), 1.0)


def _loss_text(lost: float | None, plan: WeekPlan) -> str:
    if plan.flat:
        return "The schedule is flat, so nothing is lost."
    if lost is None:
        return "No gain over today's rhythm is expected, so none is lost."
    share = "nothing" if lost < NOTHING_LOST else f"{lost:.0%}"
    return f"Of the expected gain over today's rhythm, {share} is lost."
