"""What of a run people should hear: every pause, and every change above a set amount."""

from __future__ import annotations

from collections.abc import Iterable

from adtempo.budgets.rules.base import PER_DOLLAR
from adtempo.domain.alerts import Finding, Severity
from adtempo.domain.changes import Change, State
from adtempo.domain.money import MICROS, Money

NEWS = "budget_change"

_DONE_OR_DUE = {
    State.PROPOSED: "suggested",
    State.AWAITING_APPROVAL: "waits for approval",
    State.APPROVED: "approved",
    State.SENDING: "being sent",
    State.UNKNOWN: "sent, outcome unknown",
    State.APPLIED: "done",
}


def find_news(changes: Iterable[Change], above: float, public_url: str | None = None) -> list[Finding]:
    """Return what there is to tell of changes; those that went nowhere are no news.

    What waits for approval comes with the address of the page to sign in and decide on: opening it decides nothing,
    since scanners of mail open addresses, too.

    Args:
        changes: As they stand.
        above: A change of a daily budget by more than so many US dollars, or their like, is told.
        public_url: How people reach the server; None where nobody said.
    """
    return [
        Finding(
            alert_type=NEWS,
            severity=Severity.WARNING,
            message=_message(change, public_url),
            campaign=change.campaign,
            detail=f"{change.action} {change.window:%Y-%m-%dT%H}",
        )
        for change in changes
        if change.state in _DONE_OR_DUE and (not _moves(change) or _size(change) > above)
    ]


def _moves(change: Change) -> bool:
    return change.prior.budget_daily_micros != change.target.budget_daily_micros


def _size(change: Change) -> float:
    """Return by how many US dollars, or their like, a budget moves; of a currency without a rate, any is large."""
    micros = abs(change.target.budget_daily_micros - change.prior.budget_daily_micros)
    rate = PER_DOLLAR.get(change.currency)
    return float("inf") if rate is None else micros / MICROS / rate


def _message(change: Change, public_url: str | None) -> str:
    old, new = (Money(state.budget_daily_micros, change.currency) for state in (change.prior, change.target))
    what = f"daily budget {old} -> {new}" if _moves(change) else f"{change.action} (daily budget {old})"
    where = f" at {public_url}/approvals" if public_url and change.state is State.AWAITING_APPROVAL else ""
    return f"{what}, {_DONE_OR_DUE[change.state]}{where}: {change.reason}"
