"""Hours in which nobody wants anything changed."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "quiet_hours"


def check_quiet_hours(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto automatic changes in the policy's quiet hours, in the account's time zone."""
    hour = situation.now.astimezone(situation.account.zone).hour
    if hour in proposal.policy.quiet_hours and not proposal.by_person:
        reason = f"{hour}:00 in {situation.account.timezone} is a quiet hour of the policy"
        return Verdict(NAME, Outcome.VETO, reason, "Wait: a later window decides again.")
    return Verdict(NAME, Outcome.PASS, "no quiet hour")
