"""Something that a person should know, how bad it is, and where people want to hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.money import Money


class Severity(StrEnum):
    """How bad something is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 to 2, the worst last."""
        return list(Severity).index(self)


class Digest(StrEnum):
    """How long news that is not critical is gathered before it is sent."""

    NONE = "none"
    HOUR = "hour"
    DAY = "day"


class News(StrEnum):
    """What there is to say about an alert."""

    OPENED = "opened"
    WORSE = "worse"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong now.

    Attributes:
        alert_type: What sort of thing, such as ``spend_anomaly``.
        severity: How bad.
        message: One sentence for people.
        campaign: Which campaign, if one is meant.
        account: Which account, if a whole one is meant.
        metric_name: The metric that shows it, if one does.
        threshold: What the metric was held against, in its unit.
        actual_value: What it was, in its unit.
        at_stake: Money that is lost if it goes on, per day.
        detail: What tells two findings of one type, subject and metric apart.
    """

    alert_type: str
    severity: Severity
    message: str
    campaign: CampaignRef | None = None
    account: AccountRef | None = None
    metric_name: str | None = None
    threshold: float | None = None
    actual_value: float | None = None
    at_stake: Money | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.alert_type or not self.message:
            raise InvalidInput("a finding needs a type and a message")
        if not all(isfinite(number) for number in (self.threshold, self.actual_value) if number is not None):
            raise InvalidInput(f"the finding {self.message!r} has a value that is not a finite number")
        if self.campaign is not None and self.account not in {None, self.campaign.account}:
            raise InvalidInput(f"campaign {self.campaign} does not belong to account {self.account}")

    @property
    def subject(self) -> str:
        """What it is about, as people name it; empty for the workspace itself."""
        return str(self.campaign or self.account or "")

    @property
    def within(self) -> AccountRef | None:
        """The account that it is about, if any."""
        return self.campaign.account if self.campaign else self.account

    @property
    def cause(self) -> str:
        """What is behind it: while an alert of this cause is open, it is the same alert."""
        return "|".join((self.alert_type, self.subject, self.metric_name or "", self.detail))


@dataclass(frozen=True, slots=True)
class Alert:
    """A finding from when it was first seen until it is gone.

    Attributes:
        id: Never given twice.
        finding: As it was last seen.
        opened_at: When it was first seen, aware.
        last_seen_at: When it was last seen, aware.
        severity_since: Since when it has been as bad as it is, aware.
        acknowledged_at: When a person said that they know; None until then.
        acknowledged_by: Who that was.
        resolved_at: When it was found to be gone; None while it is open.
    """

    id: int
    finding: Finding
    opened_at: datetime
    last_seen_at: datetime
    severity_since: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None

    @property
    def resolved(self) -> bool:
        """Whether it is gone."""
        return self.resolved_at is not None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Part of each day in which only critical news is sent; it may reach over midnight.

    Attributes:
        since: First quiet minute of the local day, 0 to 1439.
        until: First minute that is not quiet any more.
    """

    since: int
    until: int

    def __post_init__(self) -> None:
        if not (0 <= self.since < 1440 and 0 <= self.until < 1440) or self.since == self.until:
            raise InvalidInput("quiet hours begin and end at two different times of the day, such as 22:00-07:00")

    def holds(self, local: datetime) -> bool:
        """Say whether a local time is quiet."""
        minute = local.hour * 60 + local.minute
        if self.since < self.until:
            return self.since <= minute < self.until
        return minute >= self.since or minute < self.until

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.since, self.until))


def read_quiet_hours(text: str) -> QuietHours:
    """Read quiet hours as people write them.

    >>> str(read_quiet_hours("22:00-07:30"))
    '22:00-07:30'

    Raises:
        InvalidInput: The text is not two times of the day.
    """
    try:
        since, until = (datetime.strptime(part.strip(), "%H:%M") for part in text.split("-"))  # noqa: DTZ007
    except ValueError:
        raise InvalidInput(f"{text!r} are not quiet hours; write them as 22:00-07:00") from None
    return QuietHours(since.hour * 60 + since.minute, until.hour * 60 + until.minute)


@dataclass(frozen=True, slots=True)
class Channel:
    """One address that news is sent to.

    Attributes:
        id: Never given twice.
        name: What people call it, unique among those in use.
        address: Where it leads, without its secrets.
        severity: The least severity that it wants to hear of.
        account: Only news of this account; None for all, and for news of no account.
        digest: How long news that is not critical is gathered.
        quiet: When only critical news is sent, in the zone of the news's account.
    """

    id: int
    name: str
    address: str
    severity: Severity = Severity.WARNING
    account: AccountRef | None = None
    digest: Digest = Digest.NONE
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was told of one alert.

    Attributes:
        severity: The worst severity that it was told.
        resolved: Whether it was told that it is gone.
    """

    severity: Severity
    resolved: bool = False


ToldTo = Mapping[tuple[int, int], Told]
"""What was told, by (channel's id, alert's id)."""
