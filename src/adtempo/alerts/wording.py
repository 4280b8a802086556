"""What a message says: one alert in full, or many as counts and the few where most is at stake."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from adtempo.alerts.decide import Announcement, Message
from adtempo.domain.alerts import Alert, News, Severity
from adtempo.domain.metrics import METRICS, Unit, format_value
from adtempo.domain.money import MICROS, format_micros, minor_decimals

TOP = 10
"""So many alerts are named in a message; the others are counted."""

LINE_MAX = 300
"""Longest line that names an alert among others."""


def write_message(message: Message) -> tuple[str, str]:
    """Return the title and the text of a message."""
    if len(message.announcements) == 1:
        return _write_one(message.announcements[0])
    said = rank_announcements(message.announcements)
    text = [f"- [{_tag(one)}] {_clip(one.alert.finding.message)}{_stake(one.alert)}" for one in said[:TOP]]
    if len(said) > TOP:
        text.append(f"- and {len(said) - TOP} more: adtempo alerts list")
    total = _total(one.alert for one in said if one.news is not News.RESOLVED)
    if total:
        text.append(f"At stake per day: {total}.")
    return f"adtempo: {_counts(said)}", "\n".join(text)


def rank_announcements(announcements: Iterable[Announcement]) -> list[Announcement]:
    """Return what is open before what is resolved, the worst first, then where most money is at stake.

    Amounts of different currencies are not compared: each is ranked among those of its own currency.
    """
    rivals: defaultdict[tuple[int, str], list[Announcement]] = defaultdict(list)
    for one in announcements:
        stake = one.alert.finding.at_stake
        rivals[_group(one), stake.currency if stake else ""].append(one)
    placed = []
    for (group, currency), ones in sorted(rivals.items()):
        ones.sort(key=lambda one: (-_micros(one.alert), one.alert.id))
        placed += [((group, not currency, place, currency), one) for place, one in enumerate(ones)]
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _write_one(said: Announcement) -> tuple[str, str]:
    finding = said.alert.finding
    text = [finding.message]
    if finding.metric_name and finding.actual_value is not None:
        against = "" if finding.threshold is None else f", against {_shown(said.alert, finding.threshold)}"
        text.append(f"{finding.metric_name}: {_shown(said.alert, finding.actual_value)}{against}.")
    if finding.at_stake and said.news is not News.RESOLVED:
        text.append(f"At stake per day: {_total([said.alert])}.")
    if said.news is not News.RESOLVED:
        text.append(f"Alert {said.alert.id}; to say that you know: adtempo alerts ack {said.alert.id}")
    title = " ".join(finding.alert_type.replace("_", " ").split()).capitalize()
    return f"adtempo: [{_tag(said)}] {title}{f': {finding.subject}' if finding.subject else ''}", "\n".join(text)


def _tag(said: Announcement) -> str:
    severity = said.alert.finding.severity
    return {News.OPENED: f"{severity}", News.WORSE: f"now {severity}", News.RESOLVED: "resolved"}[said.news]


def _counts(said: Sequence[Announcement]) -> str:
    opened = Counter(one.alert.finding.severity for one in said if one.news is not News.RESOLVED)
    parts = [f"{opened[severity]} {severity}" for severity in reversed(Severity) if opened[severity]]
    resolved = sum(one.news is News.RESOLVED for one in said)
    return ", ".join([*parts, *([f"{resolved} resolved"] if resolved else [])])


def _group(said: Announcement) -> int:
    return len(Severity) if said.news is News.RESOLVED else -said.alert.finding.severity.rank


def _micros(alert: Alert) -> int:
    return alert.finding.at_stake.micros if alert.finding.at_stake else 0


def _stake(alert: Alert) -> str:
    return f" ({_total([alert])} per day)" if alert.finding.at_stake else ""


def _total(alerts: Iterable[Alert]) -> str:
    sums: Counter[str] = Counter()
    for alert in alerts:
        if alert.finding.at_stake:
            sums[alert.finding.at_stake.currency] += alert.finding.at_stake.micros
    amounts = (f"{format_micros(micros, minor_decimals(name))} {name}" for name, micros in sorted(sums.items()))
    return " and ".join(amounts)


def _shown(alert: Alert, value: float) -> str:
    """Write a value in its metric's unit; an amount without a known currency stays a plain number."""
    finding = alert.finding
    metric = next((one for one in METRICS if one.name == finding.metric_name), None)
    if metric is None or (metric.unit is Unit.MICROS and finding.at_stake is None):
        return f"{value / MICROS if metric else value:.6g}"
    return format_value(metric, value, finding.at_stake.currency if finding.at_stake else "")


def _clip(text: str) -> str:
    return text if len(text) <= LINE_MAX else f"{text[: LINE_MAX - 3]}..."
