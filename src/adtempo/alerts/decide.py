"""Which news goes to which channel now: quiet hours, digests, and one message per channel however much there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from adtempo.domain.accounts import AccountRef
from adtempo.domain.alerts import Alert, Channel, Digest, News, Severity, Told, ToldTo

DIGEST_HOUR = 8
"""Local hour at which a daily digest is sent."""

ATTEMPTS_MAX = 6
RETRY_FIRST = timedelta(minutes=5)
"""The wait after a failed attempt; it doubles each time, so the last attempt is two and a half hours later."""

ZoneOf = Callable[[AccountRef | None], tzinfo]


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to say.

    Attributes:
        alert: About which alert.
        news: What there is to say.
    """

    alert: Alert
    news: News

    @property
    def urgent(self) -> bool:
        """Whether it is said also in quiet hours, and without waiting for a digest."""
        return self.news is not News.RESOLVED and self.alert.finding.severity is Severity.CRITICAL

    @property
    def arose_at(self) -> datetime:
        """Since when there is this to say."""
        if self.news is News.RESOLVED and self.alert.resolved_at is not None:
            return self.alert.resolved_at
        return self.alert.severity_since if self.news is News.WORSE else self.alert.opened_at


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to one channel at once.

    Attributes:
        channel: To which channel.
        announcements: What is said, at least one thing.
    """

    channel: Channel
    announcements: tuple[Announcement, ...]


def plan_messages(
    alerts: Sequence[Alert], channels: Sequence[Channel], told: ToldTo, zone_of: ZoneOf, now: datetime
) -> list[Message]:
    """Return the messages that go out now, at most one per channel.

    Args:
        alerts: Those that are open, and those resolved ones that somebody may not have heard of.
        zone_of: The time zone of an account; of no account, UTC.
    """
    messages = []
    for channel in channels:
        waiting = _gather(alerts, channel, told)
        going = [one for one in waiting if is_due(one, channel, zone_of(one.alert.finding.within), now)]
        if any(not one.urgent for one in going):  # a digest takes along what came up since
            going = [one for one in waiting if not _is_held(one, channel, zone_of(one.alert.finding.within), now)]
        if going:
            messages.append(Message(channel, tuple(going)))
    return messages


def choose_news(alert: Alert, told: Told | None) -> News | None:
    """Return what there is to say of an alert to somebody who was told so much of it; None if nothing.

    What was gone, or acknowledged, before anybody was told is not told: it needs nobody any more.
    """
    if told is None:
        return None if alert.resolved or alert.acknowledged_at else News.OPENED
    if alert.resolved:
        return None if told.resolved else News.RESOLVED
    return News.WORSE if alert.finding.severity.rank > told.severity.rank else None


def is_due(announcement: Announcement, channel: Channel, zone: tzinfo, now: datetime) -> bool:
    """Say whether it is time to say something to a channel."""
    if announcement.urgent:
        return True
    if _is_held(announcement, channel, zone, now):
        return False
    return digest_at(announcement.arose_at, channel.digest, zone) <= now


def digest_at(arose_at: datetime, digest: Digest, zone: tzinfo) -> datetime:
    """Return when the digest is sent that gathers what arose at a moment: the next full hour, or DIGEST_HOUR.

    >>> digest_at(datetime(2026, 3, 4, 12, 34, tzinfo=UTC), Digest.HOUR, UTC).isoformat()
    '2026-03-04T13:00:00+00:00'
    """
    local = arose_at.astimezone(zone)
    if digest is Digest.NONE:
        return arose_at
    if digest is Digest.HOUR:
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + timedelta(hours=1)
    today = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return (today if today > local else today + timedelta(days=1)).astimezone(UTC)


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """Return when a message is tried again after so many attempts; None if that was the last.

    >>> retry_at(1, datetime(2026, 3, 4, tzinfo=UTC)).isoformat()
    '2026-03-04T00:05:00+00:00'
    """
    return None if attempts >= ATTEMPTS_MAX else now + RETRY_FIRST * 2 ** (attempts - 1)


def _gather(alerts: Sequence[Alert], channel: Channel, told: ToldTo) -> list[Announcement]:
    found = []
    for alert in alerts:
        before = told.get((channel.id, alert.id))
        news = choose_news(alert, before)
        wanted = before is not None or alert.finding.severity.rank >= channel.severity.rank
        if news and wanted and channel.account in {None, alert.finding.within}:
            found.append(Announcement(alert, news))
    return found


def _is_held(announcement: Announcement, channel: Channel, zone: tzinfo, now: datetime) -> bool:
    if announcement.urgent or channel.quiet is None:
        return False
    return channel.quiet.holds(now.astimezone(zone))
