"""messages volume|analyze|build|show|export|unlock|locks|pages|health."""

from __future__ import annotations

import inspect
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.options import takes_together
from adtempo.cli.remote import asks_server, fetch_text, post_body
from adtempo.cli.session import (
    AsJson,
    Session,
    note,
    opened,
    print_fields,
    print_json,
    print_table,
    read_day,
    session_of,
    shown_progress,
)
from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from adtempo.messages.batch import BatchAsked
    from adtempo.workspace import Workspace

ROUTES = "/api/messages"

PageName = Annotated[str, typer.Option("--page-name", metavar="P", help="Which page.")]
AnyPage = Annotated[str | None, typer.Option("--page-name", metavar="P", help="Only this page.")]
ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its id, as `messages show` lists it.")]
Raw = Annotated[bool, typer.Option("--raw", help="Leave texts as they are, also where they look like formulas.")]


def volume(
    ctx: typer.Context,
    *,
    tier: Annotated[str, typer.Option("--tier", metavar="T", help="MICRO, SMALL, MEDIUM, LARGE or MEGA.")],
    saturation: Annotated[float, typer.Option("--saturation", metavar="S", help="How worn out, 0 to 1.")],
    as_json: AsJson = False,
) -> None:
    """Say how many messages a page of a tier sends in a week at a saturation; needs no workspace."""
    from adtempo.messages.volume import find_tier, plan_volume, volume_body

    if asks_server(ctx, f"{ROUTES}/volume", {"tier": tier, "saturation": saturation}):
        return
    body = volume_body(plan_volume(find_tier(tier), saturation))
    if as_json:
        print_json(body)
    else:
        print_fields(body)


def analyze(ctx: typer.Context, *, page_name: PageName, as_json: AsJson = False) -> None:
    """Say what is known of a page: tier, saturation, segment, hours, weekdays, prices, categories, captions."""
    if asks_server(ctx, f"{ROUTES}/analysis", {"page_name": page_name}):
        return
    from adtempo.messages.report import analysis_body
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        body = analysis_body(ScheduleBuilder(workspace).analyze_page(page_name))
    if as_json:
        print_json(body)
        return
    saturation, classified = body["saturation"], body["classification"]
    print_fields(
        {
            "tier": f"{classified['tier']} ({classified['evidence']})",
            "saturation": f"{saturation['score']:.2f} {saturation['zone']} ({saturation['evidence']})",
            "segment": body["segment"]["name"],
            **{name: body[name]["evidence"] for name in ("hours", "weekdays", "price_tiers", "categories", "captions")},
        }
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """How weeks are planned and written: the fields are options of the same names."""

    output: Annotated[Path | None, typer.Option(metavar="F", help="CSV to write; for several pages, a folder.")] = None
    seed: Annotated[int | None, typer.Option(metavar="N", help="What all draws follow from.")] = None
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of schedules of these days.")] = False
    raw: Raw = False


@takes_together("wish", [*inspect.signature(Wish, eval_str=True).parameters.values()], lambda said: Wish(**said))
def build(
    ctx: typer.Context,
    *,
    start_date: Annotated[date, typer.Option("--start-date", parser=read_day, metavar="D", help="First of 7 days.")],
    page_name: Annotated[str | None, typer.Option("--page-name", metavar="P", help="One page.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every page.")] = False,
    pages: Annotated[Path | None, typer.Option("--pages", metavar="FILE", help="Pages, one name a line.")] = None,
    wish: Wish,
    as_json: AsJson = False,
) -> None:
    """Plan the week of one page or many, and lock its captions; what fails for one page stops no other."""
    if sum((page_name is not None, every, pages is not None)) != 1:
        raise InvalidInput("say which pages: one of --page-name P, --all, --pages FILE")
    from adtempo.messages.batch import BatchAsked, read_pages
    from adtempo.messages.report import schedule_body
    from adtempo.messages.run import ScheduleBuilder

    names = None if pages is None else read_pages(pages)
    session = session_of(ctx)
    if session.server:
        asked = {"start_date": start_date.isoformat(), "seed": wish.seed, "replace": wish.replace}
        _build_there(session, {**asked, "page_name": page_name} if page_name else {**asked, "pages": names}, wish)
        return
    with opened(ctx) as workspace:
        builder = ScheduleBuilder(workspace)
        if page_name is None:
            names = names or [page.page_name for page in builder.load_pages()]
            _build_batch(
                workspace,
                BatchAsked(names, start_date, wish.seed, wish.replace, wish.output, wish.raw),
                as_json=as_json,
            )
            return
        schedule = builder.build_week(
            page_name, start_date, seed=wish.seed, replaces=wish.replace, actor=workspace.actor
        )
        if wish.output is not None:
            builder.export_csv(schedule.schedule_id, wish.output, raw=wish.raw)
        body = schedule_body(schedule, builder.zone_of(page_name))
    if as_json:
        print_json(body)
    else:
        _print_schedule(body)


def _build_there(session: Session, asked: dict[str, Any], wish: Wish) -> None:
    """Have a server plan one page's week, or many, and write what it planned here."""
    from adtempo.messages.batch import csv_of, make_folder

    if "page_name" in asked:
        body = post_body(session, f"{ROUTES}/schedules", asked)
        if wish.output is not None:
            _write_there(session, body["schedule_id"], wish.output, raw=wish.raw)
        print_json(body)
        return
    if wish.output is not None:
        make_folder(wish.output)
    body = post_body(session, f"{ROUTES}/schedules/batch", asked)
    for one in body["pages"]:
        if wish.output is not None and one["schedule_id"] is not None:
            _write_there(session, one["schedule_id"], csv_of(wish.output, one["page_name"]), raw=wish.raw)
    print_json(body)
    if body["failed"]:
        raise typer.Exit(1)


def _write_there(session: Session, schedule_id: str, output: Path, *, raw: bool) -> None:
    """Write a week that a server planned: as a calendar where the name ends in .ics, otherwise as CSV."""
    from adtempo.messages.export import write_whole

    if output.suffix.lower() == ".ics":
        write_whole(output, fetch_text(session, f"{ROUTES}/schedules/{schedule_id}/calendar", {}))
    else:
        write_whole(output, fetch_text(session, f"{ROUTES}/schedules/{schedule_id}/csv", {"raw": raw}))


def _build_batch(workspace: Workspace, asked: BatchAsked, *, as_json: bool) -> None:
    from adtempo.messages.batch import batch_body, build_batch

    with shown_progress("pages") as progress:
        outcomes = build_batch(workspace, asked, actor=workspace.actor, progress=progress)
    body = batch_body(outcomes)
    if as_json:
        print_json(body)
    else:
        keys = ("page_name", "schedule_id", "messages", "seconds", "error")
        print_table(keys, [[one[key] for key in keys] for one in body["pages"]], right=("messages", "seconds"))
        note(f"planned: {body['built']}; failed: {body['failed']}")
    if body["failed"]:
        raise typer.Exit(1)


def show(
    ctx: typer.Context,
    schedule_id: Annotated[str | None, typer.Argument(metavar="SCHEDULE", help="Its id; none: list them.")] = None,
    *,
    page_name: AnyPage = None,
    as_json: AsJson = False,
) -> None:
    """Show a planned week, or list them all, the latest first."""
    path = f"{ROUTES}/schedules" if schedule_id is None else f"{ROUTES}/schedules/{schedule_id}"
    if asks_server(ctx, path, {"page_name": page_name} if schedule_id is None else {}):
        return
    from adtempo.messages.report import schedule_body, schedules_body
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        builder = ScheduleBuilder(workspace)
        if schedule_id is None:
            body = schedules_body(builder.list_schedules(page_name))
        else:
            schedule = builder.load_schedule(schedule_id)
            body = schedule_body(schedule, builder.zone_of(schedule.page_name))
    if as_json:
        print_json(body)
    elif schedule_id is not None:
        _print_schedule(body)
    else:
        keys = ("schedule_id", "page_name", "start_date", "total_messages", "saturation_zone", "planned_value")
        rows = [[*(one[key] for key in keys), one["withdrawn_by"]] for one in body["schedules"]]
        print_table((*keys, "withdrawn_by"), rows, right=("total_messages", "planned_value"))


def export(
    ctx: typer.Context,
    schedule_id: ScheduleId,
    *,
    output: Annotated[Path, typer.Option("--output", metavar="F", help="CSV to write; .ics for a calendar.")],
    raw: Raw = False,
) -> None:
    """Write a planned week as CSV or as a calendar (iCalendar)."""
    session = session_of(ctx)
    if session.server:
        _write_there(session, schedule_id, output, raw=raw)
        note(f"written: {output}")
        return
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        builder = ScheduleBuilder(workspace)
        if output.suffix.lower() == ".ics":
            builder.export_calendar(schedule_id, output)
        else:
            builder.export_csv(schedule_id, output, raw=raw)
    note(f"written: {output}")


def unlock(ctx: typer.Context, schedule_id: ScheduleId) -> None:
    """Cancel a planned week: release its days, and its captions except those that went out."""
    session = session_of(ctx)
    if session.server:
        released = post_body(session, f"{ROUTES}/schedules/{schedule_id}/unlock", {})["released"]
        note(f"{schedule_id} is withdrawn; captions released: {released}")
        return
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        released = ScheduleBuilder(workspace).unlock(schedule_id, actor=workspace.actor)
    note(f"{schedule_id} is withdrawn; captions released: {released}")


def locks(ctx: typer.Context, *, page_name: AnyPage = None, as_json: AsJson = False) -> None:
    """List the captions that are locked, and until when."""
    if asks_server(ctx, f"{ROUTES}/locks", {"page_name": page_name}):
        return
    from adtempo.messages.report import locks_body
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        body = locks_body(ScheduleBuilder(workspace).load_locks(page_name))
    if as_json:
        print_json(body)
    else:
        keys = ("page_name", "caption_id", "schedule_id", "scheduled_send_time", "expires_at")
        print_table(keys, [[one[key] for key in keys] for one in body["locks"]])


def list_pages(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the pages and what is set on them."""
    if asks_server(ctx, f"{ROUTES}/pages"):
        return
    from adtempo.messages.report import page_body
    from adtempo.messages.run import ScheduleBuilder

    with opened(ctx) as workspace:
        body = {"pages": [page_body(page) for page in ScheduleBuilder(workspace).load_pages()]}
    if as_json:
        print_json(body)
    else:
        keys = ("page_name", "timezone", "hours", "quiet_days", "rest_days")
        print_table(keys, [[_short(one[key]) for key in keys] for one in body["pages"]], right=("rest_days",))


def set_page(
    ctx: typer.Context,
    page_name: Annotated[str, typer.Argument(metavar="PAGE", help="Its name; a new one is added.")],
    *,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="Z", help="IANA name, of a new page.")] = None,
    hours: Annotated[
        str | None, typer.Option("--hours", metavar="H", help="Allowed hours, such as 8-12,18-23.")
    ] = None,
    quiet_days: Annotated[
        str | None, typer.Option("--quiet-days", metavar="D", help="Weekdays such as monday,sunday; none for none.")
    ] = None,
    rest_days: Annotated[int | None, typer.Option("--rest-days", metavar="N", help="How long a caption rests.")] = None,
) -> None:
    """Say when a page may send, and how long its captions rest; what is not said stays as it is."""
    from adtempo.domain.errors import NotFound
    from adtempo.messages.report import read_hours, read_quiet_days
    from adtempo.messages.run import ScheduleBuilder
    from adtempo.store.messages import Page

    with opened(ctx) as workspace:
        builder = ScheduleBuilder(workspace)
        known = None
        with suppress(NotFound):
            known = builder.load_page(page_name)
        if known is None and timezone is None:
            raise InvalidInput(f"page {page_name} is new; say where it is with --timezone")
        before = known or Page(page_name, timezone or "")
        builder.set_page(
            Page(
                page_name,
                timezone or before.timezone,
                before.hours if hours is None else read_hours(hours),
                before.quiet_days if quiet_days is None else read_quiet_days(quiet_days),
                before.rest_days if rest_days is None else rest_days,
            ),
            actor=workspace.actor,
        )


def health(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Say whether planning works: success rate, seconds, last success, and what is wrong."""
    if asks_server(ctx, f"{ROUTES}/health"):
        return
    from adtempo.messages.health import health_body, load_health

    with opened(ctx) as workspace:
        body = health_body(load_health(workspace))
    if as_json:
        print_json(body)
        return
    print_fields({name: _short(value) for name, value in body.items() if name != "alerts"})
    for alert in body["alerts"]:
        note(f"warning: {alert['message']}")


def _print_schedule(body: dict[str, Any]) -> None:
    plan = body["plan"]
    print_fields(
        {
            "schedule": body["schedule_id"],
            "page": f"{body['page_name']} ({body['timezone']})",
            "tier, zone": f"{plan['volume']['tier']}, {body['saturation_zone']}",
            "planned value": f"{plan['planned_value']} (80%: {plan['low80']} to {plan['high80']})",
        }
    )
    typer.echo()
    keys = ("day_of_week", "scheduled_send_time", "message_type", "caption_id", "price_tier", "content_category")
    rows = [[*(one[key] for key in keys), one["expected_value"]] for one in body["messages"]]
    print_table((*keys, "expected"), rows, right=("expected",))
    for said in plan["notes"]:
        note(f"note: {said}")


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return ",".join(map(str, value)) or None
    return f"{value:.3g}" if isinstance(value, float) else value


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    messages = typer.Typer(
        help="The weeks of creators' pages: what to send, when, with which caption.", no_args_is_help=True
    )
    messages.command("volume")(volume)
    messages.command("analyze")(analyze)
    messages.command("build")(build)
    messages.command("show")(show)
    messages.command("export")(export)
    messages.command("unlock")(unlock)
    messages.command("locks")(locks)
    messages.command("health")(health)
    pages = typer.Typer(help="Creators' pages and what is set on them.", no_args_is_help=True)
    pages.command("list")(list_pages)
    pages.command("set")(set_page)
    messages.add_typer(pages, name="pages")
    app.add_typer(messages, name="messages")
