"""What may follow what: the states of a change, without a database or a platform."""

from __future__ import annotations

from collections.abc import Sequence

from adtempo.domain.campaigns import CampaignState
from adtempo.domain.changes import STEPS, Change, State
from adtempo.domain.errors import Conflict
from adtempo.domain.verdicts import Outcome, Verdict, strictest


def check_step(change: Change, after: State) -> None:
    """Refuse a step that no change may take.

    Raises:
        Conflict: From where the change stands, there is no way to this state.
    """
    if after not in STEPS[change.state]:
        raise Conflict(f"change {change.id} is {in_words(change.state)}; it cannot become {in_words(after)}")


def first_state(verdicts: Sequence[Verdict], *, armed: bool) -> State:
    """Return where a new change begins: vetoed, a suggestion, before a person, or on its way.

    Args:
        verdicts: What the guardrails said.
        armed: Whether changes may be sent to the account's platform.
    """
    outcome = strictest(verdicts)
    if outcome is Outcome.VETO:
        return State.BLOCKED
    if not armed:
        return State.PROPOSED
    return State.AWAITING_APPROVAL if outcome is Outcome.ASK else State.APPROVED


def judge_before(change: Change, seen: CampaignState) -> State | None:
    """Say what a reading before the call means: nothing left to do, somebody else was there, or None to go on."""
    if seen == change.target:
        return State.APPLIED
    return None if seen == change.prior else State.EXTERNAL


def judge_after(change: Change, seen: CampaignState) -> State:
    """Say what a reading after a call without a definite answer means."""
    if seen == change.target:
        return State.APPLIED
    return State.NOT_APPLIED if seen == change.prior else State.EXTERNAL


def in_words(state: State) -> str:
    """Return a state as people say it."""
    return state.replace("_", " ")
