"""What automation did in some days: how much was asked, done and vetoed, what it moved, and how right it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.budgets import Evaluation
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import ROAS, blend, value_of
from adtempo.domain.money import format_micros
from adtempo.domain.panels import Quantities
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Outcome
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.predictions.score import Share, share_of
from adtempo.store import budgets as stored
from adtempo.store.accounts import load_accounts
from adtempo.store.changes import list_changes
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DAYS_MAX = 30

_DONE = frozenset({State.APPLIED, State.REVERTED})
_PENDING = frozenset({State.AWAITING_APPROVAL, State.APPROVED, State.SENDING})
_BY_ITSELF = "policy"
_RISES = frozenset({BudgetAction.SCALE_UP, BudgetAction.SCALE_UP_AGGRESSIVE})
_VERDICT_HOURS = 48


@dataclass(frozen=True, slots=True)
class Impact:
    """How much daily budgets were moved, in one currency, by changes that were applied."""

    currency: str
    increase_micros: int
    decrease_micros: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What all accounts of one currency came to."""

    currency: str
    total: Quantities
    at_a_loss_micros: int
    scaled_value_micros: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What automation did.

    Attributes:
        days: Of the last so many.
        actions: How often each action was asked for, `maintain` included.
        states: How many of the changes stand where.
        by_itself: Share of the applied changes that needed no person.
        impacts: One per currency.
        portfolios: One per currency.
        hours_to_change: Median hours from the newest figure that a change rests on to its application.
        proven_right: Share of applied changes whose reason still held two days later.
        vetoes: How often each guardrail vetoed.
    """

    days: int
    actions: Mapping[BudgetAction, int]
    states: Mapping[State, int]
    by_itself: Share | None
    impacts: tuple[Impact, ...]
    portfolios: tuple[Portfolio, ...]
    hours_to_change: float | None
    proven_right: Share | None
    vetoes: Mapping[str, int]


def load_dashboard(workspace: Workspace, days: int) -> Dashboard:
    """Say what automation did.

    Args:
        workspace: What is open.
        days: Of how many days, 1 to DAYS_MAX.

    Raises:
        InvalidInput: The days are not.
    """
    if not 1 <= days <= DAYS_MAX:
        raise InvalidInput(f"{days} days cannot be shown; choose 1 to {DAYS_MAX}")
    now = workspace.now()
    since = now - timedelta(days=days)
    with reading(workspace.engine) as connection:
        actions = stored.count_actions(connection, since, now)
        changes = [one for one in list_changes(connection, since=since) if one.created_at <= now]
        done = [one for one in changes if one.state in _DONE]
        proven = [_right(one, _later(connection, one)) for one in done]
    waits = [(one.finished_at - one.as_of).total_seconds() / 3600 for one in done if one.finished_at is not None]
    vetoes = Counter(
        verdict.guardrail for one in changes for verdict in one.verdicts if verdict.outcome is Outcome.VETO
    )
    return Dashboard(
        days=days,
        actions=actions,
        states=Counter(one.state for one in changes),
        by_itself=share_of([one.approval is not None and one.approval.by == _BY_ITSELF for one in done]),
        impacts=tuple(_impacts(done)),
        portfolios=tuple(_load_portfolios(workspace, since, now, done)),
        hours_to_change=median(waits) if waits else None,
        proven_right=share_of(proven),
        vetoes=dict(vetoes.most_common()),
    )


def _impacts(done: Sequence[Change]) -> list[Impact]:
    moves: dict[str, list[int]] = {}
    for one in done:
        moves.setdefault(one.currency, []).append(one.target.committed_micros - one.prior.committed_micros)
    return [
        Impact(currency, sum(move for move in found if move > 0), -sum(move for move in found if move < 0))
        for currency, found in sorted(moves.items())
    ]


def _later(connection: Connection, change: Change) -> Evaluation | None:
    """Return the first word on a campaign two days after its change."""
    return stored.find_evaluation(connection, change.campaign, change.created_at + timedelta(hours=_VERDICT_HOURS))


def _right(change: Change, later: Evaluation | None) -> bool | None:
    """Say whether the first word on a campaign two days later still went the same way; None while none is said."""
    returned = None if later is None else later.expected.get("roas")
    before = change.evidence.get("expected", {}).get("roas") if change.evidence else None
    if returned is None or before is None:
        return None
    return returned >= 1.0 if change.action in _RISES else returned <= max(float(before), 1.0) * 1.25


def _load_portfolios(workspace: Workspace, since: datetime, now: datetime, done: Sequence[Change]) -> list[Portfolio]:
    with reading(workspace.engine) as connection:
        currencies = {one.ref: one.currency for one in load_accounts(connection)}
    table = load_fact_table(
        workspace.ledger,
        FactQuery(by=("platform", "account_id", "campaign_id"), since=since.date(), until=now.date(), as_of=now),
    )
    raised = {one.campaign for one in done if one.action in _RISES}
    by_currency: dict[str, list[tuple[CampaignRef, Quantities]]] = {}
    for keys, figures in table.rows():
        ref = CampaignRef(*map(str, keys))
        by_currency.setdefault(currencies[ref.account], []).append((ref, figures))
    found = []
    for currency, rows in sorted(by_currency.items()):
        loses = [figures for _, figures in rows if (roas := value_of(ROAS, figures)) is not None and roas < 1]
        found.append(
            Portfolio(
                currency=currency,
                total=blend((currency, figures) for _, figures in rows)[1],
                at_a_loss_micros=sum(figures.spend_micros or 0 for figures in loses),
                scaled_value_micros=sum(figures.conversion_value_micros or 0 for ref, figures in rows if ref in raised),
            )
        )
    return found


def dashboard_body(found: Dashboard) -> dict[str, Any]:
    """Return the dashboard as the HTTP API and --json give it.

    Amounts of several currencies are not added: each has its own part, and the plain totals are null then.
    """
    total = sum(found.actions.values())
    executed = sum(found.states.get(state, 0) for state in _DONE)
    moved = found.impacts or (Impact("", 0, 0),)
    return {
        "days": found.days,
        "summary": {
            "total_actions": total,
            "executed": executed,
            "pending": sum(found.states.get(state, 0) for state in _PENDING),
            "rejected": found.states.get(State.REJECTED, 0),
            "execution_rate": 100 * executed / total if total else None,
            "suggested": found.states.get(State.PROPOSED, 0),
            "blocked": found.states.get(State.BLOCKED, 0),
            "unknown": found.states.get(State.UNKNOWN, 0),
            "expired": found.states.get(State.EXPIRED, 0),
        },
        "action_breakdown": {
            action.value: found.actions.get(action, 0) for action in BudgetAction if action is not BudgetAction.REVERT
        },
        "budget_impact": {
            **_moved(moved[0] if len(moved) == 1 else None),
            "by_currency": [{"currency": each.currency, **_moved(each)} for each in found.impacts],
        },
        "performance": {
            "avg_roas": _roas(found.portfolios[0]) if len(found.portfolios) == 1 else None,
            "total_revenue_tracked": _revenue(found.portfolios[0].total) if len(found.portfolios) == 1 else None,
            "by_currency": [_portfolio_body(each) for each in found.portfolios],
            "automation_rate": _share(found.by_itself),
            "decisions_proven_right": _share(found.proven_right),
            "hours_to_change": found.hours_to_change,
        },
        "vetoes": dict(found.vetoes),
    }


def _moved(impact: Impact | None) -> dict[str, str | None]:
    if impact is None:
        return {"total_increase": None, "total_decrease": None, "net_change": None}
    return {
        "total_increase": format_micros(impact.increase_micros),
        "total_decrease": format_micros(impact.decrease_micros),
        "net_change": format_micros(impact.increase_micros - impact.decrease_micros),
    }


def _portfolio_body(found: Portfolio) -> dict[str, Any]:
    return {
        "currency": found.currency,
        "avg_roas": _roas(found),
        "total_revenue_tracked": _revenue(found.total),
        "revenue_of_scaled_campaigns": format_micros(found.scaled_value_micros),
        "spend_below_roas_1": format_micros(found.at_a_loss_micros),
    }


def _roas(found: Portfolio) -> float | None:
    return value_of(ROAS, found.total)


def _revenue(total: Quantities) -> str | None:
    return None if total.conversion_value_micros is None else format_micros(total.conversion_value_micros)


def _share(share: Share | None) -> dict[str, float] | None:
    if share is None:
        return None
    return {"percent": 100 * share.value, "low95": 100 * share.low95, "high95": 100 * share.high95, "of": share.count}
