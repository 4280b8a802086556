"""A person looks at large rises."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.money import Money
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "large_change"


def check_large_change(proposal: Proposal, _situation: Situation) -> Verdict:
    """Ask a person where the new budget, or the rise, is above what the policy lets pass."""
    policy, currency = proposal.policy, proposal.currency
    rise, new = Money(proposal.rise_micros, currency), Money(proposal.target.committed_micros, currency)
    threshold, alone = Money(policy.approval_above_micros, currency), Money(policy.auto_approve_up_to_micros, currency)
    advice = "Approve or reject it; the policy's thresholds say what passes by itself."
    if rise.micros > 0 and threshold < new:
        return Verdict(NAME, Outcome.ASK, f"the new budget of {new} is above {threshold}", advice)
    if rise.micros > 0 and alone < rise:
        return Verdict(NAME, Outcome.ASK, f"the rise of {rise} is above {alone}", advice)
    return Verdict(NAME, Outcome.PASS, "small enough to need no approval")
