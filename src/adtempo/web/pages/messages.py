"""Messages: a creator page's week as a calendar, why it is as it is, and what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from adtempo.domain.errors import NotFound
from adtempo.domain.messages import PageAnalysis
from adtempo.domain.money import format_micros
from adtempo.domain.predictions import RecordedPrediction
from adtempo.domain.roles import Action
from adtempo.messages.health import Health, load_health
from adtempo.messages.run import ScheduleBuilder
from adtempo.predictions.record import load_prediction
from adtempo.store.page_schedules import Schedule, ScheduledMessage
from adtempo.web.pages.choice import load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Figure, Line
from adtempo.workspace import Workspace

router = APIRouter(route_class=PageRoute, include_in_schema=False)

DAYS = 7
WEEKS_SHOWN = 20
TONES = {"GREEN": "good", "YELLOW": "", "RED": "bad"}


class WeekAsked(BaseModel):
    """Which page, and which of its weeks."""

    page: str = Field(default="", max_length=300)
    week: str = Field(default="", max_length=60)


@router.get("/messages", openapi_extra=READ)
def messages_page(request: Request, workspace: Open, asked: Annotated[WeekAsked, Query()]) -> Response:
    """Show a page's week as a calendar, with what is known of the page."""
    builder = ScheduleBuilder(workspace)
    pages = [page.page_name for page in builder.load_pages()]
    if asked.page and asked.page not in pages:
        raise NotFound(f"There is no page {asked.page}.")
    name = asked.page or (pages[0] if pages else "")
    context: dict[str, Any] = {"week": None, "weeks": (), "analysis": None, "figures": (), "days": ()}
    if name:
        context = _page_context(workspace, builder, name, asked.week)
    person = request.state.person
    return render(
        request,
        "messages.html",
        pages=pages,
        name=name,
        next_address=f"/messages?{urlencode({'page': name})}",
        may_plan=person.may(Action.PLAN),
        health=_health_words(load_health(workspace)),
        simulated=load_known(workspace).simulated,
        **context,
    )


def calendar(schedule: Schedule, zone: ZoneInfo) -> tuple[Line, ...]:
    """Return a week's messages day by day in the page's own time."""
    local = [(one.scheduled_send_time.astimezone(zone), one) for one in schedule.messages]
    days = [schedule.start_date + timedelta(days=day) for day in range(DAYS)]
    return tuple(
        {
            "name": f"{day:%A}",
            "date": f"{day:%d %b}",
            "entries": tuple(_entry(at, one) for at, one in local if at.date() == day),
        }
        for day in days
    )


def _page_context(workspace: Workspace, builder: ScheduleBuilder, name: str, wanted: str) -> dict[str, Any]:
    zone = builder.zone_of(name)
    rows = builder.list_schedules(name)[:WEEKS_SHOWN]
    standing = [row.schedule_id for row in rows if row.withdrawn_at is None]
    chosen = wanted or next(iter([*standing, *(row.schedule_id for row in rows)]), "")
    schedule = builder.load_schedule(chosen) if chosen else None
    if schedule is not None and schedule.page_name != name:
        raise NotFound(f"Page {name} has no week {wanted}.")
    analysis = builder.analyze_page(name)
    claim = load_prediction(workspace, chosen) if schedule else None
    today = workspace.now().astimezone(zone).date()
    return {
        "week": schedule,
        "weeks": [(row.schedule_id, _week_label(row.start_date, row.withdrawn_at)) for row in rows],
        "zone": zone.key,
        "days": calendar(schedule, zone) if schedule else (),
        "notes": schedule.plan["notes"] if schedule else (),
        "figures": _figures(analysis, schedule, claim),
        "analysis": _sections(analysis),
        "next_start": (today + timedelta(days=(7 - today.weekday()) % 7 or 7)).isoformat(),
        "today": today.isoformat(),
    }


def _week_label(start: date, withdrawn_at: datetime | None) -> str:
    until = start + timedelta(days=DAYS - 1)
    return f"{start:%d %b} to {until:%d %b %Y}{'' if withdrawn_at is None else ', withdrawn'}"


def _entry(at: datetime, one: ScheduledMessage) -> Line:
    paid = one.message_type == "PPV"
    expected = _amount(one.expected_value_micros) if paid else ""
    score = f"Better than the page's typical caption with probability {one.performance_score:.0%}."
    urgent = " The text presses." if one.has_urgency else ""
    return {
        "time": f"{at:%H:%M}",
        "kind": one.message_type,
        "tier": one.price_tier if paid else "",
        "category": one.content_category,
        "text": one.caption_text,
        "expected": expected,
        "explain": f"{one.caption_id}: {one.caption_text}\n{score}{urgent}",
    }


def _figures(analysis: PageAnalysis, schedule: Schedule | None, claim: RecordedPrediction | None) -> tuple[Figure, ...]:
    worn, tier = analysis.saturation, analysis.classification
    figures = [
        Figure("Tier", tier.tier.value, f"{_amount(tier.revenue_monthly_micros)} a month", (tier.evidence,)),
        Figure(
            "Saturation",
            f"{worn.score:.2f}",
            f"{worn.zone.value}{', too few messages to tell' if worn.thin else ''}",
            (worn.evidence,),
            TONES[worn.zone.value],
        ),
        Figure("Audience", analysis.segment.name, "", tuple(trait.evidence for trait in analysis.segment.traits)),
    ]
    if schedule is not None and claim is not None:
        plan = schedule.plan
        paid = sum(one.message_type == "PPV" for one in schedule.messages)
        optimal = "proven best" if plan["slots"]["proven_optimal"] else f"at most {plan['slots']['gap']:.1%} from best"
        free = len(schedule.messages) - paid
        figures += [
            Figure("Messages", f"{paid} + {free}", "PPV + Bump", (f"Times are {optimal}, by value of the hour.",)),
            Figure(
                "Planned value",
                _amount(schedule.planned_value_micros),
                f"80%: {_short(plan['low80'])} to {_short(plan['high80'])}",
                ("What the week's PPVs should earn.", f"All draws follow from seed {schedule.seed}."),
            ),
            _came_true(claim),
        ]
    return tuple(figures)


def _came_true(claim: RecordedPrediction) -> Figure:
    found = claim.comparison
    explain = ("What the page earned in the week, three days after it, beside what was planned.",)
    if found is None or found.actual.value is None:
        return Figure("Came true", "n/a", "not known yet", explain)
    tone = "good" if found.inside80 else "bad"
    return Figure("Came true", _amount(found.actual.value), f"{found.accuracy or 0:.0f} of 100 right", explain, tone)


def _sections(analysis: PageAnalysis) -> list[tuple[str, str]]:
    named = (
        ("Hours of the week", analysis.hours),
        ("Weekdays", analysis.weekdays),
        ("Price tiers", analysis.price_tiers),
        ("Content", analysis.categories),
        ("Captions", analysis.captions),
    )
    return [(title, section.evidence) for title, section in named]


def _health_words(health: Health) -> Sequence[str]:
    return [finding.message for finding in health.findings]


def _amount(micros: float) -> str:
    return f"{micros / 1e6:,.0f}" if abs(micros) >= 100e6 else format_micros(round(micros), 2)


def _short(amount: str) -> str:
    return f"{float(amount):,.0f}"
