"""What somebody else changed is not overwritten."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.money import Money
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "external_edit"


def check_external_edit(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto where the campaign was last seen to hold something else than the proposal was made for."""
    known, prior = situation.known, proposal.prior
    if known is not None and known != prior:
        seen = f"{Money(known.budget_daily_micros, proposal.currency)}, {known.status}"
        made_for = f"{Money(prior.budget_daily_micros, proposal.currency)}, {prior.status}"
        reason = f"the campaign holds {seen}; the proposal was made for {made_for}"
        return Verdict(NAME, Outcome.VETO, reason, "Nothing to do: the next window decides on what it holds now.")
    return Verdict(NAME, Outcome.PASS, "the campaign holds what the proposal was made for")
