"""Budgets: what rules ask for, the rules themselves, what became of it, and the hours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from adtempo.api.access import APPROVE, PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, OfCampaign
from adtempo.api.budget_bodies import (
    ApproveAsked,
    CheckShown,
    DashboardShown,
    EvaluateAsked,
    EvaluateBulkAsked,
    HoursShown,
    ProfileShown,
    ProfilesShown,
    RuleAsked,
    RuleChangeAsked,
    RuleShown,
    RulesShown,
    ScaledAllShown,
    ScaledShown,
)
from adtempo.api.changes import ChangeShown, ChangesShown, show_page
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Limit, Paged
from adtempo.budgets import learning, report
from adtempo.budgets.dashboard import DAYS_MAX, dashboard_body
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler, Scaled
from adtempo.changes.approvals import reject_change
from adtempo.changes.report import change_body, changes_body
from adtempo.changes.run import approve_and_apply, load_changes
from adtempo.domain.changes import State
from adtempo.domain.errors import Forbidden
from adtempo.jobs.deciding import evaluate_again
from adtempo.jobs.scaling import MIN_SAMPLES, learn_hours, scale_campaigns

router = APIRouter(prefix="/api/auto-scaler", tags=["budgets"], route_class=IdempotentRoute)


RuleNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="The rule's number.", examples=[1])]
CampaignPath = Annotated[
    str, Path(max_length=500, pattern=TEXT, description="Its id, or platform:account:campaign.", examples=["c1"])
]
Days = Annotated[int, Query(ge=1, le=DAYS_MAX, description="Of the last so many days.")]
MinSamples = Annotated[int, Query(ge=1, le=100_000, description="Measured hours below which nothing is said.")]
Budget = Annotated[
    str | None, Query(pattern=r"^\d{1,12}(\.\d{1,6})?$", description="A daily budget in major units; default: its own.")
]


@router.post("/evaluate", openapi_extra=PLAN)
def evaluate(asked: EvaluateAsked, workspace: Open, caller: Caller) -> ScaledShown:
    """Evaluate a campaign, and propose what its rule asks for, unless it is a dry run."""
    found = _evaluate(workspace, [asked.campaign_id], asked.account_id, caller.name, dry_run=asked.dry_run)
    return ScaledShown.model_validate(report.scaled_body(found[0]))


@router.post("/evaluate-bulk", openapi_extra=PLAN)
def evaluate_bulk(asked: EvaluateBulkAsked, workspace: Open, caller: Caller) -> ScaledAllShown:
    """Evaluate campaigns, and propose what their rules ask for, unless it is a dry run."""
    found = _evaluate(workspace, asked.campaign_ids, asked.account_id, caller.name, dry_run=asked.dry_run)
    return ScaledAllShown.model_validate(report.scaled_all_body(found))


@router.post("/approve", openapi_extra=APPROVE)
def approve(asked: ApproveAsked, workspace: Open, caller: Caller) -> ChangeShown:
    """Approve or reject a waiting change; who decides is who is signed in."""
    if asked.approved_by not in (None, caller.name):
        raise Forbidden(f"you are signed in as {caller.name}; nobody approves in the name of {asked.approved_by}")
    if asked.approved:
        again = evaluate_again(workspace)
        decided = approve_and_apply(workspace, asked.action_id, approver=caller, again=again)
    else:
        decided = reject_change(workspace, asked.action_id, approver=caller)
    return ChangeShown.model_validate(change_body(decided))


@router.get("/actions/pending", openapi_extra=READ)
def pending(workspace: Open) -> ChangesShown:
    """List the changes that wait for a person, the newest first."""
    return ChangesShown.model_validate(changes_body(load_changes(workspace, states=[State.AWAITING_APPROVAL])))


@router.get("/actions/history", responses={200: {"headers": LINK}}, openapi_extra=READ)
def history(workspace: Open, pager: Paged, campaign_id: OfCampaign = None) -> ChangesShown:
    """List all changes, the newest first."""
    found = load_changes(workspace, campaign=campaign_id, before=pager.number or None, limit=pager.limit + 1)
    return show_page(found, pager)


@router.get("/evaluations", openapi_extra=READ)
def evaluations(workspace: Open, campaign_id: OfCampaign = None, limit: Limit = 500) -> ScaledAllShown:
    """List what was said of campaigns, acted on or not, the newest first."""
    found = BudgetAutoScaler(workspace).load_evaluations(campaign_id, limit=limit)
    return ScaledAllShown.model_validate(report.scaled_all_body([Scaled(one) for _, one in found]))


@router.get("/dashboard", openapi_extra=READ)
def dashboard(workspace: Open, days: Days = 7) -> DashboardShown:
    """What automation did, what it moved, and how right it was."""
    return DashboardShown.model_validate(dashboard_body(BudgetAutoScaler(workspace).load_dashboard(days)))


@router.get("/rules", openapi_extra=READ)
def list_rules(workspace: Open) -> RulesShown:
    """List the rules, each with its meaning in one sentence."""
    return RulesShown.model_validate(report.rules_body(BudgetAutoScaler(workspace).load_rules()))


@router.post("/rules", status_code=201, openapi_extra=PLAN)
def add_rule(asked: RuleAsked, workspace: Open, caller: Caller) -> RuleShown:
    """Store a rule behind those that there are."""
    made = BudgetAutoScaler(workspace).add_rules(
        [read_rule(asked.model_dump(mode="json", exclude_none=True))], actor=caller.name
    )
    return RuleShown.model_validate(report.rule_body(made[0]))


@router.get("/rules/check", openapi_extra=READ)
def check_rules(workspace: Open) -> CheckShown:
    """Find contradictions, gaps, oscillation, compounding and idle rows, and prove the highest possible spend."""
    return CheckShown.model_validate(report.check_body(BudgetAutoScaler(workspace).check()))


@router.get("/rules/{rule}", openapi_extra=READ)
def show_rule(rule: RuleNumber, workspace: Open) -> RuleShown:
    """One rule as it is now."""
    return RuleShown.model_validate(report.rule_body(BudgetAutoScaler(workspace).load_rule(rule)))


@router.put("/rules/{rule}", openapi_extra=PLAN)
def change_rule(rule: RuleNumber, asked: RuleChangeAsked, workspace: Open, caller: Caller) -> RuleShown:
    """Write a new version of a rule; fields that are not sent stay."""
    changes = asked.model_dump(mode="json", exclude_unset=True)
    return RuleShown.model_validate(
        report.rule_body(BudgetAutoScaler(workspace).change_rule(rule, changes, actor=caller.name))
    )


@router.delete("/rules/{rule}", status_code=204, openapi_extra=PLAN)
def remove_rule(rule: RuleNumber, workspace: Open, caller: Caller) -> None:
    """Take a rule away; its versions stay."""
    BudgetAutoScaler(workspace).remove_rule(rule, actor=caller.name)


@router.post("/time-optimization/learn", openapi_extra=PLAN)
def learn(workspace: Open, campaign_id: OfCampaign = None, min_samples: MinSamples = MIN_SAMPLES) -> ProfilesShown:
    """Learn at which hours a campaign works, or all of them do."""
    return ProfilesShown.model_validate(
        learning.profiles_body(learn_hours(workspace, campaign=campaign_id, min_samples=min_samples))
    )


@router.get("/time-optimization/report/{campaign_id}", openapi_extra=READ)
def hour_report(campaign_id: CampaignPath, workspace: Open) -> ProfileShown:
    """What was last learnt of a campaign's hours."""
    return ProfileShown.model_validate(learning.profile_body(learning.load_profile(workspace, campaign_id)))


@router.get("/time-optimization/schedule/{campaign_id}", openapi_extra=READ)
def hour_schedule(campaign_id: CampaignPath, workspace: Open, daily_budget: Budget = None) -> HoursShown:
    """A campaign's daily budget by the hour, and the budget changes that a platform can take."""
    return HoursShown.model_validate(
        learning.hours_body(learning.load_hours(workspace, campaign_id, daily_budget=daily_budget))
    )


def _evaluate(workspace: Open, campaigns: list[str], account: str | None, actor: str, *, dry_run: bool) -> list[Scaled]:
    scaler = BudgetAutoScaler(workspace)
    named = scaler.name_campaigns(campaigns, account)
    if dry_run:
        return [Scaled(one) for one in scaler.evaluate_all(named)]
    return scale_campaigns(workspace, named, actor=actor)
