"""What the routes of budgets take and give."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Moment, Number
from adtempo.budgets.rules.base import Over
from adtempo.domain.accounts import Platform
from adtempo.domain.budgets import Basis, Truth
from adtempo.domain.changes import State
from adtempo.domain.proposals import BudgetAction

Money = str | Number
Text = str | None


class EvaluateAsked(Asked):
    """Which campaign."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"campaign_id": "c1", "dry_run": True}]})

    campaign_id: str = Field(min_length=1, max_length=500, pattern=TEXT)
    account_id: Text = Field(default=None, min_length=1, max_length=300, pattern=TEXT)
    dry_run: bool = Field(default=False, description="Say it only: propose nothing and store nothing.")


class EvaluateBulkAsked(Asked):
    """Which campaigns."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"campaign_ids": ["c1", "c2"], "dry_run": True}]})

    campaign_ids: list[str] = Field(min_length=1, max_length=10_000)
    account_id: Text = Field(default=None, min_length=1, max_length=300, pattern=TEXT)
    dry_run: bool = Field(default=False, description="Say it only: propose nothing and store nothing.")


class ApproveAsked(Asked):
    """A decision on a waiting change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action_id": 1, "approved": True}]})

    action_id: int = Field(ge=1, le=2**53)
    approved: bool
    approved_by: Text = Field(
        default=None, max_length=200, pattern=TEXT, description="Must be who is signed in; else it is refused."
    )


class RowShown(BaseModel):
    """One row of a general rule."""

    when: str = Field(max_length=1000, examples=["roas > 4 and ctr > 3"])
    action: Literal["scale_up_aggressive", "scale_up", "scale_down", "pause"]
    multiplier: Number | None = None


class RuleAsked(Asked):
    """The fields of a rule; what is absent or null takes its default."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule_name": "Careful", "confidence": 0.9}]})

    @model_validator(mode="before")
    @classmethod
    def _read_empty(cls, said: Any) -> Any:
        """Take an empty field of a form for one that was left out."""
        return (
            {name: None if value == "" else value for name, value in said.items()} if isinstance(said, dict) else said
        )

    rule_name: Text = Field(default=None, max_length=200)
    account_id: Text = Field(default=None, max_length=300, pattern=TEXT)
    campaign_id: Text = Field(default=None, max_length=500, pattern=TEXT)
    enabled: bool | None = None
    currency: Text = None
    roas_scale_up_aggressive: Number | None = None
    roas_scale_up: Number | None = None
    roas_scale_down: Number | None = None
    roas_pause: Number | None = None
    ctr_aggressive: Number | None = None
    multiplier_aggressive_up: Number | None = None
    multiplier_up: Number | None = None
    multiplier_down: Number | None = None
    min_impressions: int | None = None
    window_hours: int | None = None
    max_daily_budget: Money | None = None
    min_daily_budget: Money | None = None
    max_daily_spend_limit: Money | None = None
    require_approval_threshold: Money | None = None
    auto_approve_up_to: Money | None = None
    cooldown_hours: Number | None = None
    max_changes_per_day: int | None = None
    max_change_per_day: Number | None = None
    basis: Basis | None = None
    confidence: Number | None = None
    target_roas: Number | None = None
    target_cpa: Money | None = None
    label: Text = Field(default=None, max_length=200)
    name_pattern: Text = Field(default=None, max_length=200)
    over: Over | None = None
    rows: list[RowShown] | str | None = Field(
        default=None, max_length=20_000, description="Tables, or a line each: scale_up 1.2 when roas > 3."
    )
    quiet_hours: list[int] | str | None = Field(
        default=None, max_length=200, description="Hours of the day: [0, 1], or 0, 1."
    )


class RuleChangeAsked(RuleAsked):
    """The fields of a rule that shall change; null takes one back to its default."""

    position: int | None = Field(default=None, ge=1, le=1_000_000, description="Its place among the rules.")


class RuleShown(RuleAsked):
    """A rule, and what it means."""

    model_config = ConfigDict(extra="ignore")

    id: int
    version: int
    position: int
    made_at: Moment
    actor: str
    sentence: str


class DefaultRuleShown(RuleAsked):
    """The shipped rule, which counts where no other one is for a campaign."""

    model_config = ConfigDict(extra="ignore")

    sentence: str


class RulesShown(BaseModel):
    """Rules, in their order."""

    rules: list[RuleShown]
    default: DefaultRuleShown


class ConditionShown(BaseModel):
    """One row of a rule, held against a campaign."""

    action: BudgetAction
    condition: str
    truth: Truth
    probability: Number | None
    reported: bool | None


class EvaluationShown(BaseModel):
    """What the rules ask for of a campaign, and why."""

    campaign_id: str
    platform: Platform
    account_id: str
    as_of: Moment
    rule: str
    rule_id: int | None
    rule_version: int | None
    basis: Basis
    action: BudgetAction
    old_budget: Amount | None
    new_budget: Amount | None
    currency: Currency
    reason: str
    requires_approval: bool
    vetoes: list[str]
    window: str
    metrics: dict[str, str | Number | None]
    expected: dict[str, str | Number | None]
    conditions: list[ConditionShown]
    missing: str = Field(description="What is not known well enough to act; empty where nothing is.")
    would_change: str
    on_reported: BudgetAction


class ScaledShown(EvaluationShown):
    """The same, with what became of it."""

    action_id: int | None = Field(default=None, description="Number of the change; null where nothing was proposed.")
    state: State | None = None


class ScaledAllShown(BaseModel):
    """What was said of several campaigns."""

    evaluations: list[ScaledShown]


class FindingShown(BaseModel):
    """One thing to know about a set of rules."""

    kind: str
    rules: list[str]
    campaign: str | None
    message: str


class HighestShown(BaseModel):
    """The most that an account can spend."""

    account: str
    currency: Currency
    in_24_hours: Amount
    in_7_days: Amount
    highest_budgets: Amount
    why: str


class CheckShown(BaseModel):
    """What is wrong with the rules, and the most that accounts can spend under them."""

    findings: list[FindingShown]
    highest_spend: list[HighestShown]


class DashboardShown(BaseModel):
    """What automation did."""

    days: int
    summary: dict[str, Number | None]
    action_breakdown: dict[str, int]
    budget_impact: dict[str, Any]
    performance: dict[str, Any]
    vetoes: dict[str, int]


class ProfileShown(BaseModel):
    """At which hours a campaign works."""

    campaign_id: str
    platform: Platform
    account_id: str
    learnt_at: Moment
    samples: int
    confidence: Number
    peak_hours: list[int]
    valley_hours: list[int]
    multipliers: list[Number]
    reason: str


class ProfilesShown(BaseModel):
    """What was learnt."""

    learnt: int
    profiles: list[ProfileShown]


class EditShown(BaseModel):
    """One change of the daily budget."""

    hour: int
    daily_budget: Amount


class PlanShown(BaseModel):
    """A day's budget by the hour."""

    day: str
    daily_budget: Amount
    currency: Currency
    hourly_budgets: list[Amount]
    edits: list[EditShown]
    delivered: list[Amount]
    note: str


class HoursShown(ProfileShown):
    """A campaign's hours, and what its budget comes to in each."""

    schedule: list[PlanShown]
