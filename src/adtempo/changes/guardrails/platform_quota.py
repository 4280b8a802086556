"""A platform blocks whoever changes a budget too often."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "platform_quota"


def check_platform_quota(_proposal: Proposal, situation: Situation) -> Verdict:
    """Veto a change that the platform's hourly limit would not take."""
    most, count = situation.terms.changes_per_hour_max, len(situation.sent_within(1.0))
    if most is not None and count >= most:
        reason = f"the campaign was changed {count} times in the last hour; the platform takes {most}"
        return Verdict(NAME, Outcome.VETO, reason, "Wait an hour.")
    return Verdict(NAME, Outcome.PASS, f"{count} changes in the last hour, of {most or 'any number'} taken")
