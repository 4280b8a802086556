"""A campaign is not changed all day long."""

from __future__ import annotations

from adtempo.changes.limits import DAY_HOURS
from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "daily_changes"


def check_daily_changes(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto more changes in 24 hours than the policy allows; a person may take one back at any time."""
    count, most = len(situation.sent_within(DAY_HOURS)), proposal.policy.changes_per_day_max
    if count >= most and not proposal.by_person:
        reason = f"the campaign was changed {count} times in the last 24 hours; its policy allows {most}"
        return Verdict(NAME, Outcome.VETO, reason, "Wait: a later window decides again.")
    return Verdict(NAME, Outcome.PASS, f"{count} changes in the last 24 hours, of {most} allowed")
