"""The account's daily cap, where there is nothing to clamp: a campaign that starts running again."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.money import Money
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "account_cap"


def check_account_cap(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto a rise beyond what all budgets of the account together may be, changes in flight included."""
    after = Money(situation.committed_micros + proposal.rise_micros, proposal.currency)
    cap = Money(proposal.policy.account_daily_max_micros, proposal.currency)
    if proposal.rise_micros > 0 and cap < after:
        reason = f"all daily budgets of the account would come to {after}, above its cap of {cap}"
        return Verdict(NAME, Outcome.VETO, reason, "Raise the account's cap, or lower another budget first.")
    return Verdict(NAME, Outcome.PASS, f"all daily budgets of the account come to {after} of {cap}")
