"""Old or incomplete facts say nothing about now."""

from __future__ import annotations

from datetime import timedelta

from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "fresh_facts"


def check_fresh_facts(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto where the account's facts end too long ago, unless all its closed days are complete."""
    until, account = situation.facts_until, situation.account
    if proposal.by_person:
        return Verdict(NAME, Outcome.PASS, "a person decided")
    hours = proposal.policy.facts_age_hours_max
    advice = "Sync the account, or import the missing file."
    if until is None:
        return Verdict(NAME, Outcome.VETO, f"no facts of account {account.ref} are complete", advice)
    today = situation.now.astimezone(account.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if situation.now - until > timedelta(hours=hours) and until < today:
        reason = f"facts of account {account.ref} are complete only up to {until:%Y-%m-%d %H:%M} UTC"
        return Verdict(NAME, Outcome.VETO, reason, advice)
    return Verdict(NAME, Outcome.PASS, f"facts are complete up to {until:%Y-%m-%d %H:%M} UTC")
