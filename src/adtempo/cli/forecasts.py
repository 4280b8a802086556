"""forecasts run|show|chart|file|allocate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli import forecast_charts, forecast_files
from adtempo.cli.forecast_charts import NAMES, ask, check_asked
from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_json, print_table, shown_progress

if TYPE_CHECKING:
    pass

Channel = Annotated[str | None, typer.Option("--channel", metavar="C", help="Only this channel.")]


def run(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Bring the four forecasts up to date; where nothing new is known, nothing is written."""
    from adtempo.forecasts.report import filled_body
    from adtempo.forecasts.run import Forecaster

    with opened(ctx) as workspace, shown_progress("forecasts") as progress:
        body = filled_body(Forecaster(workspace).run(progress=progress))
    if as_json:
        print_json(body)
        return
    print_table(("table", "rows added"), list(body["written"].items()), right=("rows added",))
    note(f"forecast: {_list(body['currencies'])}; nothing new: {_list(body['unchanged'])}")
    for currency, failures in body["failures"].items():
        for table, said in failures.items():
            note(f"{currency} {table} failed: {said}")


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=f"One of {', '.join(NAMES)}.")] = NAMES[0],
    channel: Channel = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a forecast says now."""
    check_asked(name, channel)
    if asks_server(ctx, f"/api/ml-dashboard/{name}/data", {"channel": channel}):
        return
    from adtempo.forecasts import report
    from adtempo.forecasts.run import Forecaster

    bodies: dict[str, Callable[[Any], dict[str, Any]]] = {
        "roi-forecast": report.roi_forecast_body,
        "roi-timeseries": report.roi_timeseries_body,
        "reach-ctr": report.reach_ctr_body,
        "budget-recommendation": report.budget_recommendation_body,
    }
    with opened(ctx) as workspace:
        body = bodies[name](ask(Forecaster(workspace), name, channel))
    if as_json:
        print_json(body)
    elif not next(iter(body.values())):
        note("nothing has been forecast yet; `adtempo forecasts run` does it")
    else:
        _PRINTERS[name](body)


def _print_roi(body: Mapping[str, Any]) -> None:
    header = ("channel", "currency", "days", "spend", "value", "ROI", "80% interval", "note")
    rows = [
        (
            one["name"] or "all",
            one["currency"],
            one["days"],
            *(None if one[name] is None else one[name]["value"] for name in ("spend", "value")),
            *_fan(one["roi"]),
            one["note"] or None,
        )
        for one in body["forecasts"]
    ]
    print_table(header, rows, right=header[2:7])


def _print_series(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """Return what prints series day by day, two figures side by side."""

    def print_series(body: Mapping[str, Any]) -> None:
        for place, series in enumerate(body["series"]):
            if place:
                typer.echo()
            typer.secho(f"{series['name'] or 'all'} {series['currency']}", bold=True)
            titles = [f"{series.get('measure', name)}" if name == "audience" else name for name in names]
            header = ("day", *(f"{title}{part}" for title in titles for part in ("", " expected", " 80%")))
            rows = [
                (points[0]["day"], *(cell for point in points for cell in _cells(point)))
                for points in zip(*(series[name] for name in names), strict=True)
            ]
            print_table(header, rows, right=header[1:])
            if series["note"]:
                note(series["note"])

    return print_series


def _print_recommendations(body: Mapping[str, Any]) -> None:
    header = ("level", "name", "today", "proposed", "next 1,000", "returns", "80% interval")
    for place, one in enumerate(body["recommendations"]):
        if place:
            typer.echo()
        typer.secho(f"{one['currency']}: {one['total']} a day", bold=True)
        if one["gain"] is not None:
            gain = one["gain"]
            typer.echo(f"  expected gain {gain['value']} a day (80%: {gain['low80']} to {gain['high80']})")
            typer.echo(f"  {one['next_1000']}")
        rows = [
            (line["level"], line["title"], line["today"], line["proposed"], line["next"], *_fan(line["next_return"]))
            for line in one["lines"]
        ]
        if rows:
            print_table(header, rows, right=header[2:])
        if one["note"]:
            note(one["note"])


def _cells(point: Mapping[str, Any]) -> tuple[str | None, ...]:
    return _short(point["reported"]), *_fan(point["expected"])


def _fan(forecast: Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    if forecast is None:
        return None, None
    return _short(forecast["value"]), f"{_short(forecast['low80'])} to {_short(forecast['high80'])}"


def _short(number: float | None) -> str | None:
    return None if number is None else f"{number:,.4g}" if abs(number) < 1000 else f"{number:,.0f}"


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


_PRINTERS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "roi-forecast": _print_roi,
    "roi-timeseries": _print_series("roi", "conversions"),
    "reach-ctr": _print_series("audience", "ctr"),
    "budget-recommendation": _print_recommendations,
}


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    area = typer.Typer(help="What comes next, and where money should go.", no_args_is_help=True)
    area.command("run")(run)
    area.command("show")(show)
    area.command("chart")(forecast_charts.chart)
    forecast_files.register(area)
    app.add_typer(area, name="forecasts")
