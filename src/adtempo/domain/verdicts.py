"""What a guardrail says of a proposal; verdicts accumulate, are stored, and are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What follows from a verdict, the mildest first."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    ASK = "ask"  # a person must approve
    VETO = "veto"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One guardrail's answer.

    Attributes:
        guardrail: Its name in GUARDRAILS.
        outcome: What follows.
        reason: What it saw, one sentence.
        advice: What would change it, one sentence; empty where nothing needs to.
    """

    guardrail: str
    outcome: Outcome
    reason: str
    advice: str = ""

    def as_values(self) -> dict[str, str]:
        """Return it as JSON values."""
        return {"guardrail": self.guardrail, "outcome": self.outcome, "reason": self.reason, "advice": self.advice}


def strictest(verdicts: Iterable[Verdict]) -> Outcome:
    """Return the strictest outcome; one more verdict can only make it stricter, so their order cannot matter.

    >>> strictest([])
    <Outcome.PASS: 'pass'>
    """
    said = {verdict.outcome for verdict in verdicts}
    return next((outcome for outcome in reversed(Outcome) if outcome in said), Outcome.PASS)
