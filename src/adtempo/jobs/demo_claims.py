"""What people would have told a home like the demo's: goals, plans, and the claims of a simple model of their own.

The model says that next week will be like the last one. It is there to be judged: its track record on the page of
predictions is what it earned, not what was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from adtempo.accounts.run import change_campaign, load_campaigns
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import CTR, ROAS, value_of
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_table
from adtempo.predictions.claims import Claim
from adtempo.predictions.record import record_predictions
from adtempo.tracking.campaign_facts import BY_CAMPAIGN
from adtempo.tracking.expected import estimate_expected

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

MODEL = "like-last-week"

TARGETS = {
    "fitness": 2.0,
    "e-commerce": 2.5,
    "saas": 3.0,
    "local business": 1.5,
    "education": 2.0,
    "entertainment": 1.5,
}
"""What each niche is asked to bring back per unit of spend."""

PLANS = {"3001": 0.8, "2001": 1.25}
"""Accounts whose plan is not what their daily budgets add up to: one will end over its plan, one under it."""

_DAYS_OF_MONTH = 30.4
_Z80 = 1.2816
_SPREAD_OF_VALUE = 2.0
"""Variance of one conversion's worth over the square of its mean, plus 1: what the model assumes."""


def state_wishes(workspace: Workspace, *, actor: str) -> None:
    """Give every campaign a target and a plan for the month, as its owner would have."""
    for campaign, _ in load_campaigns(workspace):
        share = PLANS.get(campaign.ref.account_id, 1.0)
        plan = share * _DAYS_OF_MONTH * (campaign.budget_daily_micros or 0)
        change_campaign(
            workspace,
            str(campaign.ref),
            actor=actor,
            target_roas=TARGETS.get(campaign.niche or ""),
            planned_budget_micros=_round(plan) or None,
        )


def claim_next_week(workspace: Workspace, *, actor: str) -> None:
    """Record what the simple model says of the seven days to come, as of the workspace's moment."""
    record_predictions(workspace, list(_claims(workspace)), actor=actor)


def _claims(workspace: Workspace) -> Iterator[Claim]:
    today = workspace.now().date()
    week = FactQuery(
        by=BY_CAMPAIGN, since=today - timedelta(days=7), until=today - timedelta(days=1), as_of=workspace.now()
    )
    matured = load_matured_table(workspace.ledger, week)
    since, until = today + timedelta(days=1), today + timedelta(days=7)
    for group, (key, figures) in enumerate(matured.facts.rows()):
        ref = str(CampaignRef(*key))
        expected = estimate_expected(matured, group)
        ctr, roas, conversions = value_of(CTR, figures), expected.roas.value, expected.conversions.value
        if ctr is not None:
            yield Claim(f"demo:{since}:ctr:{ref}", CTR.name, since, until, ctr, MODEL, campaign=ref)
        if roas and conversions:
            factor = math.exp(_Z80 * math.sqrt(2 * _SPREAD_OF_VALUE / conversions))  # both weeks are noisy
            interval = {"low80": roas / factor, "high80": roas * factor}
            name = f"demo:{since}:roas:{ref}"
            yield Claim(name, ROAS.name, since, until, roas, MODEL, campaign=ref, interval=interval)


def _round(micros: float) -> int:
    """Return an amount as people plan it: two digits and zeros.

    >>> _round(9_728_000_000)
    9700000000
    """
    return int(round(micros, 1 - math.floor(math.log10(micros)))) if micros > 0 else 0
