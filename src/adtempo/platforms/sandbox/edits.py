"""A change of a campaign's settings, as the platform's own change history keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ACTIVE = "active"
PAUSED = "paused"


class Field(StrEnum):
    """What can be edited; the names are those of ATTRIBUTE_SCHEMA."""

    BUDGET = "budget_daily_micros"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one campaign.

    Attributes:
        at: When the platform took it, UTC.
        field: What was edited.
        old: Value before, as text.
        new: Value after, as text.
        actor: Who did it.
    """

    at: datetime
    field: Field
    old: str
    new: str
    actor: str
