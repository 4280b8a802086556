"""All that limits and guardrails may look at, in one frozen value; assembled in `assemble.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from adtempo.domain.accounts import Account
from adtempo.domain.campaigns import CampaignState
from adtempo.domain.policies import PLATFORM_TERMS, PlatformTerms

MEMORY = timedelta(hours=48)
"""For how long sent changes are remembered: the longest spacing that a platform asks for. The last one always is."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A change of the campaign that was sent, and may have taken hold.

    Attributes:
        at: When, aware.
        prior: What the campaign held before.
        target: What it was told to hold.
    """

    at: datetime
    prior: CampaignState
    target: CampaignState


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stand around one proposal.

    Attributes:
        now: The moment, aware.
        account: Whose campaign it is.
        known: What the campaign was last seen to hold; None where nobody has said.
        facts_until: Up to when the account's facts are complete; None without facts.
        sent: Changes of the campaign that were sent within MEMORY, and its last one; the oldest first.
        open_change: Another change of the campaign that is still on its way.
        committed_micros: Daily budgets of all running campaigns of the account, and rises in flight.
        halted: Why nothing may be sent at all; empty = it may.
        top_spender: Whether the campaign is among the top tenth of the account's spenders of the last seven days.
    """

    now: datetime
    account: Account
    known: CampaignState | None
    facts_until: datetime | None
    sent: tuple[Sent, ...] = ()
    open_change: int | None = None
    committed_micros: int = 0
    halted: str = ""
    top_spender: bool = False

    @property
    def terms(self) -> PlatformTerms:
        """What the account's platform allows."""
        return PLATFORM_TERMS[self.account.ref.platform]

    def sent_within(self, hours: float) -> tuple[Sent, ...]:
        """Return the changes of the campaign that were sent in the last so many hours."""
        since = self.now - timedelta(hours=hours)
        return tuple(sent for sent in self.sent if sent.at > since)
