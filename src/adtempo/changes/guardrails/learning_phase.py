"""A platform that is still learning is disturbed by every change."""

from __future__ import annotations

from adtempo.changes.limits import exact
from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NAME = "learning_phase"


WARN_ABOVE_RATIO = 0.2
"""A step that practitioners call large; no platform publishes this number."""


def check_learning_phase(proposal: Proposal, situation: Situation) -> Verdict:
    """Veto changes closer together than the platform asks for; warn of large steps where it publishes no rule."""
    terms = situation.terms
    lately = situation.sent_within(terms.spacing_hours)
    if lately and not proposal.by_person:
        reason = f"the last change was at {lately[-1].at:%Y-%m-%d %H:%M} UTC. {terms.learning}"
        return Verdict(NAME, Outcome.VETO, reason, f"Wait until {terms.spacing_hours:g} hours have passed.")
    prior, target = proposal.prior.budget_daily_micros, proposal.target.budget_daily_micros
    if abs(target - prior) > prior * exact(WARN_ABOVE_RATIO):
        return Verdict(NAME, Outcome.WARN, f"the step is above {WARN_ABOVE_RATIO:.0%}. {terms.learning}")
    return Verdict(NAME, Outcome.PASS, "nothing known of this platform's learning phase stands in the way")
