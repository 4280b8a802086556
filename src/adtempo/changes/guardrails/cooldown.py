"""Time for a change to show what it does, before the next one."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "cooldown"


def check_cooldown(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto a change too soon after the campaign's last one; a person may take one back at any time."""
    hours = proposal.policy.cooldown_hours
    lately = situation.sent_within(hours)
    if lately and not proposal.by_person:
        reason = f"the campaign was changed at {lately[-1].at:%Y-%m-%d %H:%M} UTC, less than {hours:g} hours ago"
        return Verdict(NAME, Outcome.VETO, reason, "Wait: a later window decides again.")
    return Verdict(NAME, Outcome.PASS, f"no change within the last {hours:g} hours stands in the way")
