"""Only a budget that the campaign itself is known to hold can be changed."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "budget_owner"


def check_budget_owner(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto where nobody has said what the campaign holds: its budget may be shared, or lie on its ad groups."""
    if situation.known is None:
        reason = f"no daily budget of campaign {proposal.campaign} is known; it may be shared, or lie on its ad groups"
        return Verdict(NAME, Outcome.VETO, reason, "Sync the account, or import a file with the column budget_daily.")
    return Verdict(NAME, Outcome.PASS, "the campaign holds a daily budget of its own")
