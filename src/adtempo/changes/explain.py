"""The story of a change, in sentences: why it was proposed, what held it, who let it pass, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adtempo.domain.changes import Change, State
from adtempo.domain.metrics import find_metric, format_value, metric_word
from adtempo.domain.money import Money
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Outcome
from adtempo.store.audit import AuditEntry

FIGURES = frozenset({"metrics", "expected"})
"""What of the evidence are metrics by name, kept in their own units."""

_ENDINGS: Mapping[State, str] = {
    State.PROPOSED: "It is a suggestion: the account is not armed, so nothing is sent.",
    State.BLOCKED: "A guardrail vetoed it.",
    State.AWAITING_APPROVAL: "It waits for a person until {expires_at:%Y-%m-%d %H:%M} UTC.",
    State.APPROVED: "It is about to be sent.",
    State.SENDING: "The call is being made.",
    State.UNKNOWN: "Nobody knows yet whether it took hold; the campaign is read back after {resolve_after:%H:%M} UTC.",
    State.APPLIED: "It took hold.",
    State.REFUSED: "The platform refused it; nothing was changed.",
    State.NOT_APPLIED: "It never took hold, and is not sent again.",
    State.EXTERNAL: "Somebody else changed the campaign; it was left alone.",
    State.REJECTED: "It was rejected.",
    State.CANCELLED: "It was cancelled before it was sent.",
    State.EXPIRED: "Its time ran out before it was sent.",
    State.REVERTED: "It took hold, and was taken back later.",
}


def summary_of(change: Change) -> str:
    """Return what a change is, in one sentence."""
    if change.prior.status is not change.target.status:
        verb = {"paused": "Pause", "active": "Start"}[change.target.status]
        what = f"{verb} campaign {change.campaign}"
    else:
        before = Money(change.prior.budget_daily_micros, change.currency)
        after = Money(change.target.budget_daily_micros, change.currency)
        verb = "Raise" if before < after else "Lower"
        what = f"{verb} the daily budget of campaign {change.campaign} from {before} to {after}"
    return f"{what}, to take change {change.reverts} back." if change.action is BudgetAction.REVERT else f"{what}."


def ending_of(change: Change) -> str:
    """Return where a change stands, in one sentence."""
    return _ENDINGS[change.state].format(expires_at=change.expires_at, resolve_after=change.resolve_after)


def tell_story(change: Change, trail: Sequence[AuditEntry]) -> list[str]:
    """Return the whole story of a change.

    Args:
        change: As it stands.
        trail: Its rows of the audit log, the oldest first.
    """
    known = f"{change.as_of:%Y-%m-%d %H:%M} UTC (ledger batch {change.batch})"
    told = [
        f"Change {change.id}: {summary_of(change)}",
        f"Why: {change.reason}",
        f"Proposed by {change.actor} under {change.policy_title}, on what was known at {known}.",
    ]
    told += [f"Limit: {sentence}." for sentence in change.limits]
    for verdict in change.verdicts:
        if verdict.outcome is not Outcome.PASS:
            word = {Outcome.WARN: "warns", Outcome.ASK: "asks for a person", Outcome.VETO: "vetoes"}[verdict.outcome]
            told.append(
                f"Guardrail {verdict.guardrail} {word}: {verdict.reason.rstrip('.')}. {verdict.advice}".rstrip()
            )
    passed = sum(verdict.outcome is Outcome.PASS for verdict in change.verdicts)
    told.append(f"{passed} of {len(change.verdicts)} guardrails had nothing to say against it.")
    told += [_step(entry) for entry in trail]
    told.append(ending_of(change))
    return told


def tell_evidence(change: Change) -> list[tuple[str, str]]:
    """Return what a change was decided on, by name, in words."""
    return [(name.replace("_", " "), _said(name, value, change.currency)) for name, value in change.evidence.items()]


def _said(name: str, value: Any, currency: str) -> str:
    if name in FIGURES:
        return ", ".join(f"{metric_word(one)} {format_value(find_metric(one), value[one], currency)}" for one in value)
    if name == "conditions":
        return "; ".join(
            f"{one['action'].replace('_', ' ')} when {one['condition']}: {one['truth']}"
            + ("" if one["probability"] is None else f" ({one['probability']:.0%} likely)")
            for one in value
        )
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(_plain(one) for one in value)
    return "n/a" if value is None else str(value)


def _step(entry: AuditEntry) -> str:
    what = entry.action.removeprefix("change.").replace("_", " ")
    said = _answer(entry.detail)
    return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {what} by {entry.actor}{said} (audit {entry.id})"


def _answer(detail: Mapping[str, Any]) -> str:
    if detail.get("approved_by"):
        return f", let pass by the {detail['approved_by']}"
    return f": {detail['answer']}" if detail.get("answer") else ""
