"""With too little data, noise decides."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "enough_evidence"


def check_enough_evidence(proposal: Proposal, _situation: Situation) -> Verdict:
    """Veto a change whose figures rest on fewer impressions than the policy asks for."""
    least = proposal.policy.impressions_min
    if proposal.by_person:
        return Verdict(NAME, Outcome.PASS, "a person decided")
    if proposal.impressions is None or proposal.impressions < least:
        reason = f"the figures rest on {proposal.impressions or 0:,} impressions; the policy asks for {least:,}"
        return Verdict(NAME, Outcome.VETO, reason, "Wait for more data, or lower min_impressions.")
    return Verdict(NAME, Outcome.PASS, f"the figures rest on {proposal.impressions:,} impressions")
