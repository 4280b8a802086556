"""What rules would have done in the past, and what that would have come to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import PLAN, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Moment, Number
from adtempo.api.budget_bodies import RuleAsked
from adtempo.api.idempotency import IdempotentRoute
from adtempo.budgets.replay.report import replay_body
from adtempo.budgets.replay.run import Replay, replay_rules
from adtempo.budgets.rules.base import Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.domain.proposals import BudgetAction

router = APIRouter(prefix="/api/auto-scaler", tags=["budgets"], route_class=IdempotentRoute)

_RULES_MAX = 100


class ReplayAsked(Asked):
    """Which rules, over which days."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-02-01", "until": "2026-02-28"}]})

    since: date = Field(description="First day, UTC.")
    until: date = Field(description="Last day, UTC.")
    rules: list[RuleAsked] | None = Field(
        default=None, min_length=1, max_length=_RULES_MAX, description="Instead of the stored rules."
    )
    against: list[RuleAsked] | None = Field(
        default=None, min_length=1, max_length=_RULES_MAX, description="Other rules to compare them with."
    )
    account_id: Annotated[str | None, Field(min_length=1, max_length=300, pattern=TEXT)] = None
    seed: int = Field(default=7, ge=0, lt=2**32, description="Of the worlds that are drawn.")


class LikelyShown(BaseModel):
    """A figure with its 80% and 95% intervals."""

    value: Amount
    low80: Amount
    high80: Amount
    low95: Amount
    high95: Amount


class DayShown(BaseModel):
    """More value less spend than by doing nothing, from the first day to the end of one."""

    value: Amount
    low95: Amount
    high95: Amount


class NothingShown(BaseModel):
    """What really happened, in one currency."""

    currency: Currency
    spend: Amount
    value: LikelyShown
    net: LikelyShown


class MoneyShown(NothingShown):
    """What rules come to, in one currency, and against doing nothing."""

    more_spend: Amount
    more_value: LikelyShown
    more_net: LikelyShown
    better_ratio: Number | None = Field(description="In how many worlds it is better; null where nothing differs.")
    more_net_by_day: list[DayShown]


class PausesShown(BaseModel):
    """Whether pauses were deserved, by what campaigns really did in the seven days after."""

    made: int
    judged: int
    met_target: int


class FiredShown(BaseModel):
    """One change that rules would have made."""

    at: Moment
    campaign_id: str
    campaign: str
    rule: str
    action: BudgetAction
    old_budget: Amount
    new_budget: Amount
    currency: Currency
    asked: bool = Field(description="Whether a person would have been asked first.")
    reason: str


class CourseShown(BaseModel):
    """What one set of rules would have done."""

    name: Literal["rules", "against"]
    changes: int
    actions: dict[str, int]
    asked: int
    vetoes: dict[str, int]
    rested: int = Field(description="How often a campaign had been changed too lately.")
    pauses: PausesShown
    money: list[MoneyShown]
    fired: list[FiredShown]


class ReplayShown(BaseModel):
    """A replay, in sentences and in figures."""

    since: date
    until: date
    hours: int
    campaigns: int
    account: str | None
    feedback: bool = Field(description="Whether other budgets had other results.")
    seed: int
    sentences: list[str]
    nothing: list[NothingShown]
    courses: list[CourseShown]


@router.post("/replay", openapi_extra=PLAN)
def replay(asked: ReplayAsked, workspace: Open) -> ReplayShown:
    """Run rules over the past as it looked at each hour; nothing is stored and nothing proposed."""
    wanted = Replay(
        rules=_read(asked.rules),
        against=_read(asked.against),
        since=asked.since,
        until=asked.until,
        account=asked.account_id,
        seed=asked.seed,
    )
    return ReplayShown.model_validate(replay_body(replay_rules(workspace, wanted)))


def _read(written: list[RuleAsked] | None) -> list[Rule] | None:
    if written is None:
        return None
    fields: list[dict[str, Any]] = [one.model_dump(mode="json", exclude_none=True) for one in written]
    return [read_rule(one) for one in fields]
