"""Two rules never work on one budget at a time."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "open_change"


def check_open_change(_proposal: Proposal, situation: Situation) -> Verdict:
    """Veto while another change of the campaign is on its way."""
    if situation.open_change is not None:
        reason = f"change {situation.open_change} of this campaign is still on its way"
        advice = f"Decide on it first: adtempo changes show {situation.open_change}"
        return Verdict(NAME, Outcome.VETO, reason, advice)
    return Verdict(NAME, Outcome.PASS, "no other change of this campaign is on its way")
