"""What campaigns are set to and asked for, as columns beside what they did; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from adtempo.domain.campaigns import Campaign
from adtempo.domain.metrics import ROAS, SPEND
from adtempo.tracking.pacing import BudgetPace
from adtempo.web.pages.campaign_view import pace_words, stands_against
from adtempo.web.pages.figures import INTERVAL, TILES, Column, View
from adtempo.web.pages.outlook import Outlook
from adtempo.web.pages.wording import Cell, campaign_address, figure_of, number_text

_AFTER_RETURN = next(place for place, (metric, _) in enumerate(TILES) if metric is ROAS) + 2
"""Goals stand beside the return and what it will come to."""

Part = TypeVar("Part")

NOTHING_SAID = Cell("n/a", None, "Nobody said.")


def with_goals(
    view: View, campaigns: Mapping[str, Campaign], outlook: Outlook, budgets: Mapping[str, BudgetPace]
) -> View:
    """Return a view with what its campaigns are set to, asked for and planned at.

    Args:
        view: Of one currency.
        campaigns: By the address of their page.
        outlook: What they did and what that will come to.
        budgets: Months against plans, by the full name of the campaign; those without a plan are absent.
    """
    columns = (
        Column("Target", f"The ROAS that its owner asks of it. {INTERVAL}"),
        Column("Status", "What the platform says it is."),
        Column(f"Daily budget, {view.currency}", "What the platform may spend a day."),
        Column("Against plan", "Spend that is expected by the end of the month, over what is planned for it."),
    )
    rows = tuple(
        replace(row, cells=_beside(row.cells, _cells(campaigns[row.address], view.currency, outlook, budgets)))
        for row in view.campaigns
    )
    return replace(view, columns=_beside(view.columns, columns), campaigns=rows)


def _beside(parts: tuple[Part, ...], goals: tuple[Part, ...]) -> tuple[Part, ...]:
    return (*parts[:_AFTER_RETURN], *goals, *parts[_AFTER_RETURN:])


def by_address(campaigns: list[Campaign]) -> dict[str, Campaign]:
    """Return campaigns by the address of their page."""
    return {campaign_address(one.ref): one for one in campaigns}


def _cells(
    campaign: Campaign, currency: str, outlook: Outlook, budgets: Mapping[str, BudgetPace]
) -> tuple[Cell, Cell, Cell, Cell]:
    status = Cell(campaign.status.lower(), None, "") if campaign.status else NOTHING_SAID
    budget = campaign.budget_daily_micros
    daily = NOTHING_SAID if budget is None else Cell(number_text(SPEND, budget, currency, rounded=False), budget, "")
    return _target(campaign, outlook), status, daily, _pace(budgets.get(str(campaign.ref)))


def _target(campaign: Campaign, outlook: Outlook) -> Cell:
    if campaign.target_roas is None:
        return NOTHING_SAID
    matured = outlook.campaigns.get(campaign.ref)
    figure = figure_of(ROAS, matured.expected) if matured else None
    stands, _ = stands_against(figure, campaign.target_roas, higher_is_better=True)
    return Cell(f"{campaign.target_roas:.2f}", campaign.target_roas, f"The period: {stands}. {INTERVAL}")


def _pace(budget: BudgetPace | None) -> Cell:
    if budget is None:
        return Cell("n/a", None, "Nothing is planned: adtempo campaigns set CAMPAIGN --planned-budget AMOUNT")
    pacing = budget.pacing
    if pacing.expected_micros is None:
        return Cell("n/a", None, pace_words(budget))
    share = pacing.expected_micros / pacing.planned_micros
    word = f" {pacing.pace}" if budget.off_plan else ""
    return Cell(f"{share:.0%}{word}", share, pace_words(budget))
