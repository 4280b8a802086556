"""A wish to change one campaign: what capabilities hand to the one road to money, and all that they can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import InvalidInput
from adtempo.domain.policies import Policy


class BudgetAction(StrEnum):
    """What an evaluation comes to; all but `maintain` can be proposed."""

    SCALE_UP_AGGRESSIVE = "scale_up_aggressive"
    SCALE_UP = "scale_up"
    MAINTAIN = "maintain"
    SCALE_DOWN = "scale_down"
    PAUSE = "pause"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One absolute change of one setting, its budget or its status, of one campaign.

    Attributes:
        campaign: Which campaign.
        action: What sort of change.
        prior: What the campaign is believed to hold; anything else found there stops the change.
        target: What it shall hold; differs from prior in exactly one setting.
        currency: Of the budgets; must be the account's.
        policy: The limits it is under.
        window: The evaluation window it comes from, named by its start: a second proposal of the window is the first.
        reason: Why, one sentence.
        evidence: What it was decided on, JSON values only; shown to whoever approves.
        as_of: What was known at this moment, aware.
        batch: The ledger's newest batch then.
        impressions: How many the figures rest on; None where a person decided.
        doubt: Why the model's automation is not trusted at present; empty = it is.
        evaluation_id: The evaluation behind it, where one is stored.
        run: Names the run that made it, so that a whole run can be reverted; empty = none.
        reverts: The change that this one takes back.
    """

    campaign: CampaignRef
    action: BudgetAction
    prior: CampaignState
    target: CampaignState
    currency: str
    policy: Policy
    window: datetime
    reason: str
    as_of: datetime
    batch: int
    evidence: Mapping[str, Any] = field(default_factory=dict)
    impressions: int | None = None
    doubt: str = ""
    evaluation_id: int | None = None
    run: str = ""
    reverts: int | None = None

    def __post_init__(self) -> None:
        if (self.prior.budget_daily_micros == self.target.budget_daily_micros) == (
            self.prior.status == self.target.status
        ):
            raise InvalidInput(f"a proposal changes exactly one of budget and status of {self.campaign}")
        if self.target.budget_daily_micros <= 0:
            raise InvalidInput(f"a daily budget of {self.campaign} is above 0; to stop a campaign, pause it")
        if not self.reason:
            raise InvalidInput(f"a proposal for {self.campaign} needs a reason")
        if self.window.tzinfo is None or self.as_of.tzinfo is None:
            raise InvalidInput(f"window and as_of of a proposal for {self.campaign} need a time zone")

    @property
    def changes_budget(self) -> bool:
        """Whether it changes the budget; otherwise the status."""
        return self.prior.budget_daily_micros != self.target.budget_daily_micros

    @property
    def by_person(self) -> bool:
        """Whether a person asked for it, rather than a policy."""
        return self.action is BudgetAction.REVERT

    @property
    def rise_micros(self) -> int:
        """By how much it raises what the account may spend in a day; negative where it lowers it."""
        return self.prior.rise_to(self.target)

    def with_budget(self, budget_daily_micros: int) -> Proposal:
        """Return the same proposal with another target budget."""
        return replace(self, target=replace(self.target, budget_daily_micros=budget_daily_micros))

    @property
    def is_pause(self) -> bool:
        """Whether it stops the campaign."""
        return not self.changes_budget and self.target.status is Status.PAUSED
