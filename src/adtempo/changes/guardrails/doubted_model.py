"""Automation that turned out wrong is demoted to suggestions."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "doubted_model"


def check_doubted_model(proposal: Proposal, _situation: Situation) -> Verdict:
    """Ask a person where the record of the model's predictions does not support acting on it."""
    if proposal.doubt:
        advice = "Decide yourself; it acts on its own again when its predictions hold what they claim."
        return Verdict(NAME, Outcome.ASK, proposal.doubt, advice)
    return Verdict(NAME, Outcome.PASS, "nothing in the record of predictions speaks against it")
