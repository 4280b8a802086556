"""Changes of budgets and statuses: what waits, what happened and why, and the decisions of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from adtempo.api.access import APPROVE, ARM, HALT, PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Moment, OfAccount, OfCampaign, gives_file
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged, Pager
from adtempo.changes import report, run
from adtempo.changes.approvals import reject_change
from adtempo.changes.bulk import write_bulk_file
from adtempo.changes.halt import halt_changes, resume_changes, why_halted
from adtempo.domain.accounts import Platform
from adtempo.domain.campaigns import Status
from adtempo.domain.changes import Change, State
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Outcome
from adtempo.jobs.deciding import evaluate_again

router = APIRouter(prefix="/api/changes", tags=["changes"], route_class=IdempotentRoute)


ChangeNumber = Annotated[int, Path(ge=1, le=2**53, description="Its number.", examples=[1])]
Reason = Annotated[str, Field(default="", max_length=500, pattern=TEXT)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes."""

    state: Annotated[list[State] | None, Query(description="Only in these states.")] = None
    account: OfAccount = None
    campaign: OfCampaign = None
    run: Annotated[str | None, Query(max_length=200, pattern=TEXT, description="Only of this run.")] = None


class VerdictShown(BaseModel):
    """What one guardrail said."""

    guardrail: str
    outcome: Outcome
    reason: str
    advice: str


class ChangeShown(BaseModel):
    """One change; a paused campaign's budget is 0."""

    id: int
    campaign_id: str
    platform: Platform
    account_id: str
    action: BudgetAction
    state: State
    summary: str = Field(description="What it is, in one sentence.")
    standing: str = Field(description="Where it stands, in one sentence.")
    old_budget: Amount
    new_budget: Amount
    asked_budget: Amount = Field(description="What was proposed, before the limits.")
    currency: Currency
    old_status: Status
    new_status: Status
    reason: str
    evidence: dict[str, Any] = Field(description="What it was decided on.")
    verdicts: list[VerdictShown]
    limits: list[str] = Field(description="What the limits did to it.")
    policy: str
    window: Moment
    digest: str = Field(description="Of exactly what is shown; send it along with an approval.")
    proposed_by: str
    created_at: Moment
    expires_at: Moment
    requires_approval: bool
    approved_by: str | None
    approved_at: Moment | None
    writer: str | None = Field(description="Where it was sent: a platform, sandbox, or paper.")
    sends: int = Field(description="How often it was sent: 0 or 1.")
    sent_at: Moment | None
    finished_at: Moment | None
    answer: str
    evaluation_id: int | None
    run: str
    reverts: int | None = Field(description="The change that it takes back.")


class ChangesShown(BaseModel):
    """Changes, the newest first."""

    changes: list[ChangeShown]


class StoryShown(BaseModel):
    """Why a change was made and what became of it, one sentence each."""

    id: int
    story: list[str]


class HaltShown(BaseModel):
    """Whether anything is sent at present."""

    halted: bool
    reason: str = Field(description="Why nothing is sent; empty = changes are sent.")


class HeldShown(BaseModel):
    """What a campaign holds."""

    budget: Amount
    status: Status


class DifferenceShown(BaseModel):
    """A campaign that holds something else than was believed."""

    campaign: str
    believed: HeldShown | None
    found: HeldShown | None


class ReconciliationShown(BaseModel):
    """What reading everything back came to."""

    campaigns: int
    cancelled: int
    waiting: int = Field(description="Changes whose outcome is still unknown.")
    differences: list[DifferenceShown]


class ApprovalAsked(Asked):
    """What the person was shown."""

    digest: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Of what was shown; another one is refused."
    )


class ReasonAsked(Asked):
    """Why."""

    reason: Reason


class RunAsked(Asked):
    """Which run."""

    run: str = Field(min_length=1, max_length=200, pattern=TEXT, examples=["budgets 2026-11-20T09:00:00+00:00"])


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_changes(workspace: Open, pager: Paged, wanted: Annotated[Wanted, Depends()]) -> ChangesShown:
    """List changes, the newest first."""
    found = run.load_changes(
        workspace,
        states=wanted.state,
        account=wanted.account,
        campaign=wanted.campaign,
        run=wanted.run,
        before=pager.number or None,
        limit=pager.limit + 1,
    )
    return show_page(found, pager)


@router.get("/csv", response_class=Response, responses=gives_file("text/csv"), openapi_extra=READ)
def download_csv(workspace: Open, wanted: Annotated[Wanted, Depends()]) -> Response:
    """Suggestions, unless other states are asked for, in the columns of the platform's own bulk upload."""
    states = wanted.state or [State.PROPOSED]
    found = run.load_changes(workspace, states=states, account=wanted.account, campaign=wanted.campaign, run=wanted.run)
    return Response(
        write_bulk_file(found),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="changes.csv"'},
    )


@router.get("/halt", openapi_extra=READ)
def show_halt(workspace: Open) -> HaltShown:
    """Whether anything is sent at present, and why not."""
    return HaltShown.model_validate(report.halt_body(why_halted(workspace)))


@router.post("/halt", openapi_extra=HALT)
def halt(asked: ReasonAsked, workspace: Open, caller: Caller) -> HaltShown:
    """Stop every change that was not sent yet; halting twice changes nothing."""
    return HaltShown.model_validate(report.halt_body(halt_changes(workspace, actor=caller.name, reason=asked.reason)))


@router.post("/resume", openapi_extra=ARM)
def resume(workspace: Open, caller: Caller) -> HaltShown:
    """Let changes go on."""
    return HaltShown.model_validate(report.halt_body(resume_changes(workspace, actor=caller.name)))


@router.post("/reconcile", openapi_extra=ARM)
def reconcile(workspace: Open, caller: Caller) -> ReconciliationShown:
    """Read every campaign of the armed accounts back; after a restore, this lets sending start again."""
    return ReconciliationShown.model_validate(report.reconciliation_body(run.reconcile(workspace, actor=caller.name)))


@router.post("/revert", openapi_extra=PLAN)
def revert_run(asked: RunAsked, workspace: Open, caller: Caller) -> ChangesShown:
    """Take back every applied change of a run."""
    back = run.revert_and_apply(workspace, run=asked.run, actor=caller.name)
    return ChangesShown.model_validate(report.changes_body(back))


@router.get("/{change}", openapi_extra=READ)
def show_change(change: ChangeNumber, workspace: Open) -> ChangeShown:
    """One change, with its evidence."""
    return _show(run.load_change(workspace, change))


@router.get("/{change}/story", openapi_extra=READ)
def explain(change: ChangeNumber, workspace: Open) -> StoryShown:
    """Why a change was made, who let it pass, and what became of it."""
    return StoryShown.model_validate(report.story_body(*run.load_story(workspace, change)))


@router.post("/{change}/approve", openapi_extra=APPROVE)
def approve(change: ChangeNumber, asked: ApprovalAsked, workspace: Open, caller: Caller) -> ChangeShown:
    """Let a waiting change pass, and send it at once."""
    again = evaluate_again(workspace)
    return _show(run.approve_and_apply(workspace, change, approver=caller, digest=asked.digest, again=again))


@router.post("/{change}/reject", openapi_extra=APPROVE)
def reject(change: ChangeNumber, asked: ReasonAsked, workspace: Open, caller: Caller) -> ChangeShown:
    """Refuse a waiting change, or wave a suggestion aside."""
    return _show(reject_change(workspace, change, approver=caller, reason=asked.reason))


@router.post("/{change}/revert", openapi_extra=PLAN)
def revert(change: ChangeNumber, workspace: Open, caller: Caller) -> ChangeShown:
    """Take an applied change back; what comes back is the inverse change."""
    return _show(run.revert_and_apply(workspace, change_id=change, actor=caller.name)[0])


def show_page(found: Sequence[Change], pager: Pager) -> ChangesShown:
    """Show a page of changes: those found, of which one more than its limit is enough."""
    page = pager.cut(found, lambda change: str(change.id))
    return ChangesShown.model_validate(report.changes_body(page))


def _show(change: Change) -> ChangeShown:
    return ChangeShown.model_validate(report.change_body(change))
