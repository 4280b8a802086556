"""Messages as the HTTP API and --json give them: amounts as decimal strings, absent values null."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from adtempo.domain.errors import InvalidInput
from adtempo.domain.messages import CaptionReview, Level, PageAnalysis, Pattern
from adtempo.domain.money import format_micros
from adtempo.messages.export import schedule_rows
from adtempo.messages.volume import volume_body
from adtempo.store.messages import Caption, Page
from adtempo.store.page_schedules import CaptionLock, Schedule

if TYPE_CHECKING:
    from adtempo.messages.decide import WeekPlan

_SPAN = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_hours(text: str) -> tuple[int, ...]:
    """Read hours of the day as people write them.

    >>> read_hours("8-10,20")
    (8, 9, 10, 20)

    Raises:
        InvalidInput: The text is something else.
    """
    hours: set[int] = set()
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise InvalidInput(f"{text!r} are not hours of the day; write them as 8-12,18-23")
        first, last = int(match[1]), int(match[2] or match[1])
        hours.update(range(first, last + 1))
    return tuple(sorted(hours))


def read_quiet_days(text: str) -> tuple[int, ...]:
    """Read weekdays as people write them; `none` and nothing are none.

    >>> read_quiet_days("sunday,Monday")
    (0, 6)

    Raises:
        InvalidInput: One of them is no weekday.
    """
    names = [part.strip().lower() for part in text.split(",") if part.strip().lower() not in {"", "none"}]
    unknown = [name for name in names if name not in WEEKDAYS]
    if unknown:
        raise InvalidInput(f"{unknown[0]!r} is no weekday; write days as monday,sunday")
    return tuple(sorted({WEEKDAYS.index(name) for name in names}))


def analysis_body(analysis: PageAnalysis) -> dict[str, Any]:
    """Return what is known of a page, in eight sections."""
    classified = analysis.classification
    return {
        "page_name": analysis.page_name,
        "classification": {
            "tier": classified.tier.value,
            "revenue_28_days": format_micros(classified.revenue_28_days_micros),
            "revenue_monthly": format_micros(classified.revenue_monthly_micros),
            "evidence": classified.evidence,
        },
        "saturation": {**asdict(analysis.saturation), "zone": analysis.saturation.zone.value},
        "segment": {**asdict(analysis.segment), "traits": [asdict(trait) for trait in analysis.segment.traits]},
        "hours": _pattern_body(analysis.hours),
        "weekdays": _pattern_body(analysis.weekdays),
        "price_tiers": _pattern_body(analysis.price_tiers),
        "categories": _pattern_body(analysis.categories),
        "captions": _captions_body(analysis.captions),
    }


def plan_body(plan: WeekPlan) -> dict[str, Any]:
    """Return why a week is as it is: what `schedule_json` keeps beside the rows."""
    analysis, slots = plan.analysis, plan.slots
    return {
        "volume": volume_body(plan.volume),
        "saturation": {"score": analysis.saturation.score, "thin": analysis.saturation.thin},
        "segment": analysis.segment.name,
        "planned_value": format_micros(plan.planned.value),
        **{end: format_micros(getattr(plan.planned, end)) for end in ("low95", "low80", "high80", "high95")},
        "slots": {
            "value": slots.value,
            "bound": slots.bound,
            "gap": slots.gap,
            "proven_optimal": slots.gap == 0.0,
            "bumps_between": slots.between,
        },
        "notes": list(plan.notes),
    }


def schedule_body(schedule: Schedule, zone: ZoneInfo) -> dict[str, Any]:
    """Return a planned week with its messages; times are the page's own."""
    expected = [format_micros(one.expected_value_micros) for one in schedule.messages]
    return {
        "schedule_id": schedule.schedule_id,
        "page_name": schedule.page_name,
        "timezone": zone.key,
        "start_date": schedule.start_date.isoformat(),
        "created_at": schedule.created_at.isoformat(),
        "created_by": schedule.created_by,
        "seed": schedule.seed,
        "saturation_zone": schedule.saturation_zone,
        "total_messages": len(schedule.messages),
        "withdrawn_at": None if schedule.withdrawn_at is None else schedule.withdrawn_at.isoformat(),
        "withdrawn_by": schedule.withdrawn_by,
        "plan": schedule.plan,
        "messages": [
            {**row, "expected_value": value} for row, value in zip(schedule_rows(schedule, zone), expected, strict=True)
        ],
    }


def schedules_body(rows: Iterable[Any]) -> dict[str, Any]:
    """Return a list of planned weeks without their messages."""
    return {
        "schedules": [
            {
                "schedule_id": row.schedule_id,
                "page_name": row.page_name,
                "start_date": row.start_date.isoformat(),
                "created_at": row.created_at.isoformat(),
                "created_by": row.created_by,
                "saturation_zone": row.saturation_zone,
                "total_messages": row.total_messages,
                "planned_value": format_micros(row.planned_value_micros),
                "withdrawn_at": None if row.withdrawn_at is None else row.withdrawn_at.isoformat(),
                "withdrawn_by": row.withdrawn_by,
            }
            for row in rows
        ]
    }


def page_body(page: Page) -> dict[str, Any]:
    """Return what people set on a page."""
    return {
        "page_name": page.page_name,
        "timezone": page.timezone,
        "hours": list(page.hours),
        "quiet_days": [WEEKDAYS[day] for day in page.quiet_days],
        "rest_days": page.rest_days,
    }


def caption_body(caption: Caption) -> dict[str, Any]:
    """Return one caption of the bank."""
    body = asdict(caption)
    del body["observed_at"]
    return body


def locks_body(locks: Sequence[CaptionLock]) -> dict[str, Any]:
    """Return the captions that are locked."""
    moments = ("scheduled_send_time", "expires_at")
    return {
        "locks": [{**asdict(lock), **{name: getattr(lock, name).isoformat() for name in moments}} for lock in locks]
    }


def _pattern_body(pattern: Pattern) -> dict[str, Any]:
    return {
        "found": pattern.found,
        "p_value": pattern.p_value,
        "evidence": pattern.evidence,
        "levels": [_level_body(level) for level in pattern.levels],
    }


def _level_body(level: Level) -> dict[str, Any]:
    body = asdict(level)
    value = body.pop("value_micros")
    return {**body, "value": None if value is None else format_micros(round(value))}


def _captions_body(review: CaptionReview) -> dict[str, Any]:
    def results(name: str) -> list[dict[str, Any]]:
        return [
            {
                "caption_id": one.caption_id,
                "messages": one.messages,
                "expected": format_micros(round(one.expected_micros)),
                "low95": format_micros(round(one.low95)),
                "high95": format_micros(round(one.high95)),
                "performance_score": one.performance_score,
            }
            for one in getattr(review, name)
        ]

    rest = {name: getattr(review, name) for name in ("tried", "trend", "trend_low95", "trend_high95", "evidence")}
    return {"best": results("best"), "weakest": results("weakest"), **rest}
