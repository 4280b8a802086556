"""Changes: what waits for a person, what happened and why, and taking things back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response

from adtempo.accounts.run import load_campaigns
from adtempo.changes.explain import ending_of, summary_of, tell_evidence, tell_story
from adtempo.changes.lifecycle import in_words
from adtempo.changes.run import load_changes, load_story
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.changes import Change, State
from adtempo.domain.roles import Action
from adtempo.domain.verdicts import Outcome
from adtempo.web.pages.alerts import names_of
from adtempo.web.pages.choice import load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Line, age_text, campaign_address, moment_text

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 200

_TONES: Mapping[State, str] = {
    State.AWAITING_APPROVAL: "waiting",
    State.UNKNOWN: "warning",
    State.APPLIED: "sent",
    State.REFUSED: "critical",
    State.NOT_APPLIED: "critical",
    State.EXTERNAL: "warning",
}


@router.get("/approvals", openapi_extra=READ)
def approvals_page(request: Request, workspace: Open) -> Response:
    """Show what waits for a person, with its evidence, and what is only suggested."""
    known = load_known(workspace)
    names = names_of(load_campaigns(workspace))
    waiting = load_changes(workspace, states=[State.AWAITING_APPROVAL])
    suggested = load_changes(workspace, states=[State.PROPOSED], limit=SHOWN)
    return render(
        request,
        "approvals.html",
        waiting=_lines(waiting, names, known.now),
        suggested=_lines(suggested, names, known.now),
        may_decide=request.state.person.may(Action.APPROVE),
        simulated=known.simulated,
    )


@router.get("/history", openapi_extra=READ)
def history_page(request: Request, workspace: Open) -> Response:
    """Show the latest changes and where each stands."""
    known = load_known(workspace)
    names = names_of(load_campaigns(workspace))
    return render(
        request,
        "history.html",
        lines=_lines(load_changes(workspace, limit=SHOWN), names, known.now),
        shown=SHOWN,
        simulated=known.simulated,
    )


@router.get("/history/{change}", openapi_extra=READ)
def change_page(request: Request, workspace: Open, change: int) -> Response:
    """Tell the story of one change, and offer to take it back."""
    known = load_known(workspace)
    found, trail = load_story(workspace, change)
    names = names_of(load_campaigns(workspace))
    return render(
        request,
        "change.html",
        line=view_change(found, names, known.now),
        story=tell_story(found, trail),
        may_plan=request.state.person.may(Action.PLAN),
        simulated=known.simulated,
    )


def view_change(change: Change, names: Mapping[CampaignRef, str], now: datetime) -> Line:
    """Return one change in words."""
    spoken = [one for one in change.verdicts if one.outcome is not Outcome.PASS]
    return {
        "id": change.id,
        "state": in_words(change.state),
        "tone": _TONES.get(change.state, ""),
        "summary": summary_of(change),
        "reason": change.reason,
        "about": names.get(change.campaign) or str(change.campaign),
        "address": campaign_address(change.campaign),
        "when": age_text(change.created_at, now),
        "at": moment_text(change.created_at),
        "expires": moment_text(change.expires_at),
        "standing": ending_of(change),
        "digest": change.digest,
        "objections": (*change.limits, *(f"{one.guardrail.replace('_', ' ')}: {one.reason}" for one in spoken)),
        "evidence": tuple(tell_evidence(change)),
        "reverts": change.reverts,
        "can_be_reverted": change.state is State.APPLIED,
    }


def _lines(changes: Iterable[Change], names: Mapping[CampaignRef, str], now: datetime) -> list[Line]:
    return [view_change(change, names, now) for change in changes]
