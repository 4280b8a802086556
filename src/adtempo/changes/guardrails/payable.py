"""An amount that the platform can take: its currency, its smallest unit, its minimum."""

from __future__ import annotations

from adtempo.changes.situation import Situation
from adtempo.domain.money import Money, minor_unit_micros
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "payable"


def check_payable(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto another currency than the account's, a fraction of its smallest unit, and less than a platform takes."""
    budget = Money(proposal.target.budget_daily_micros, proposal.currency)
    account = situation.account
    if proposal.currency != account.currency:
        reason = f"the amounts are in {proposal.currency}, the account is in {account.currency}"
        return Verdict(NAME, Outcome.VETO, reason, "Write the rule's amounts in the account's currency.")
    unit = minor_unit_micros(account.currency, account.ref.platform)
    if proposal.changes_budget and budget.micros % unit:
        reason = f"{budget.micros} micros are no whole number of the platform's units of {Money(unit, budget.currency)}"
        return Verdict(NAME, Outcome.VETO, reason, "Round the amount.")
    least = Money(situation.terms.budget_min_micros.get(account.currency, unit), account.currency)
    if proposal.changes_budget and budget < least:
        reason = f"the platform takes no daily budget of {budget}; its minimum is {least}"
        return Verdict(NAME, Outcome.VETO, reason, "Raise min_daily_budget, or pause the campaign instead.")
    return Verdict(NAME, Outcome.PASS, f"{budget} can be set on the platform")
