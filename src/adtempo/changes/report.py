"""Changes as the HTTP API and --json give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adtempo.changes.explain import FIGURES, ending_of, summary_of, tell_story
from adtempo.changes.recover import Reconciliation
from adtempo.domain.campaigns import CampaignState
from adtempo.domain.changes import Change, State
from adtempo.domain.metrics import plain_values
from adtempo.domain.money import format_micros
from adtempo.store.audit import AuditEntry


def change_body(change: Change) -> dict[str, Any]:
    """Return one change; a paused campaign's budget is given as 0."""
    approval = change.approval
    return {
        "id": change.id,
        "campaign_id": change.campaign.campaign_id,
        "platform": change.campaign.platform,
        "account_id": change.campaign.account_id,
        "action": change.action,
        "state": change.state,
        "summary": summary_of(change),
        "standing": ending_of(change),
        "old_budget": format_micros(change.prior.committed_micros),
        "new_budget": format_micros(change.target.committed_micros),
        "asked_budget": format_micros(change.asked_budget_micros),
        "currency": change.currency,
        "old_status": change.prior.status,
        "new_status": change.target.status,
        "reason": change.reason,
        "evidence": {name: plain_values(said) if name in FIGURES else said for name, said in change.evidence.items()},
        "verdicts": [verdict.as_values() for verdict in change.verdicts],
        "limits": list(change.limits),
        "policy": change.policy_title,
        "window": change.window.isoformat(),
        "digest": change.digest,
        "proposed_by": change.actor,
        "created_at": change.created_at.isoformat(),
        "expires_at": change.expires_at.isoformat(),
        "requires_approval": change.state is State.AWAITING_APPROVAL,
        "approved_by": None if approval is None else approval.by,
        "approved_at": None if approval is None else approval.at.isoformat(),
        "writer": change.writer,
        "sends": change.sends,
        "sent_at": None if change.sent_at is None else change.sent_at.isoformat(),
        "finished_at": None if change.finished_at is None else change.finished_at.isoformat(),
        "answer": change.answer,
        "evaluation_id": change.evaluation_id,
        "run": change.run,
        "reverts": change.reverts,
    }


def changes_body(changes: Sequence[Change]) -> dict[str, Any]:
    """Return changes as a list."""
    return {"changes": [change_body(change) for change in changes]}


def story_body(change: Change, trail: Sequence[AuditEntry]) -> dict[str, Any]:
    """Return the story of a change."""
    return {"id": change.id, "story": tell_story(change, trail)}


def reconciliation_body(done: Reconciliation) -> dict[str, Any]:
    """Return what reading everything back came to."""
    return {
        "campaigns": done.campaigns,
        "cancelled": done.cancelled,
        "waiting": done.waiting,
        "differences": [
            {"campaign": str(one.campaign), "believed": _held(one.believed), "found": _held(one.found)}
            for one in done.differences
        ],
    }


def halt_body(halted: str) -> dict[str, Any]:
    """Return whether anything is sent."""
    return {"halted": bool(halted), "reason": halted}


def _held(state: CampaignState | None) -> dict[str, str] | None:
    if state is None:
        return None
    return {"budget": format_micros(state.budget_daily_micros), "status": state.status}
