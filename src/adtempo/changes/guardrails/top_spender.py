"""A person looks before one of the largest campaigns is stopped."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "top_spender"


def check_top_spender(proposal: Proposal, situation: Situation) -> Verdict:
    """Ask a person before a campaign among the top tenth of spenders of the last seven days is paused."""
    if proposal.is_pause and situation.top_spender and not proposal.by_person:
        reason = "the campaign is among the top 10% of the account's spenders of the last 7 days"
        return Verdict(NAME, Outcome.ASK, reason, "Approve or reject it.")
    return Verdict(NAME, Outcome.PASS, "no pause of one of the account's largest spenders")
