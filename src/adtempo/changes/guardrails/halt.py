"""The one switch that stops everything."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "halt"


def check_halt(_proposal: Proposal, situation: Situation) -> Verdict:
    """Veto everything while sending is stopped."""
    if situation.halted:
        return Verdict(NAME, Outcome.VETO, situation.halted, "An admin lets things go on: adtempo changes resume")
    return Verdict(NAME, Outcome.PASS, "nothing is halted")
