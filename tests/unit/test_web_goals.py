"""What is wanted of campaigns, beside what they did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from adtempo.charts.series import DailySeries
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.panels import Quantities
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.pacing import BudgetPace, estimate_pacing
from adtempo.web.pages.figures import CampaignRow, Column, View
from adtempo.web.pages.goals import by_address, with_goals
from adtempo.web.pages.outlook import Matured, Outlook
from adtempo.web.pages.wording import Cell, campaign_address

DAY = date(2026, 11, 20)
REF = CampaignRef("meta", "a", "c")
SEEN = datetime(2026, 1, 1, tzinfo=UTC)
ARRIVING = ExpectedFigures(NOTHING, NOTHING, ExpectedFigure(2.5, 2.2, 2.8, 2.0, 3.0), NOTHING, 0.9, "own")
NONE = np.empty(0)
NO_DAYS = DailySeries(np.empty(0, "datetime64[D]"), NONE, NONE, NONE, NONE, NONE, NONE, "EUR")
OUTLOOK = Outlook(Matured(Quantities(), ARRIVING), {REF: Matured(Quantities(), ARRIVING)}, {}, NO_DAYS)


def goals(campaign: Campaign, budget: BudgetPace | None = None, outlook: Outlook = OUTLOOK) -> tuple[Cell, ...]:
    row = CampaignRow("c", campaign_address(REF), "C", "A", tuple(Cell(str(place), place, "") for place in range(7)))
    view = View("EUR", (), tuple(Column(str(place), "") for place in range(7)), (row,), "", "", "")
    shown = with_goals(view, by_address([campaign]), outlook, {str(REF): budget} if budget else {})
    names = [column.name for column in shown.columns]
    assert names == ["0", "1", "2", "3", "Target", "Status", "Daily budget, EUR", "Against plan", "4", "5", "6"]
    assert [cell.text for cell in shown.campaigns[0].cells[8:]] == ["4", "5", "6"]
    return shown.campaigns[0].cells[4:8]


def test_what_nobody_said_is_absent() -> None:
    assert [cell.text for cell in goals(Campaign(REF, SEEN))] == ["n/a"] * 4


def test_what_is_wanted_is_shown_with_how_it_stands() -> None:
    spend = dict.fromkeys((DAY - timedelta(days=number) for number in range(28)), 10_000_000)
    budget = BudgetPace("campaign", str(REF), "C", "EUR", 1, estimate_pacing(spend, 200_000_000, DAY))
    campaign = Campaign(REF, SEEN, status="ACTIVE", budget_daily_micros=10_000_000, target_roas=2.0)
    target, status, daily, pace = goals(campaign, budget)
    assert (target.text, status.text, daily.text, pace.text) == ("2.00", "active", "10.00", "150% over")
    assert target.explain.startswith("The period: expected 2.50: above it.")


def test_a_plan_with_nothing_to_learn_from_and_a_period_without_facts_promise_nothing() -> None:
    budget = BudgetPace("campaign", str(REF), "C", "EUR", 1, estimate_pacing({}, 200_000_000, DAY))
    silent = Outlook(OUTLOOK.total, {}, {}, NO_DAYS)
    target, _, _, pace = goals(Campaign(REF, SEEN, target_roas=2.0), budget, silent)
    assert "nothing to hold against it" in target.explain
    assert (pace.text, pace.value) == ("n/a", None)
