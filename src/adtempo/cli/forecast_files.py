"""forecasts file|allocate: answers from a plain file, without a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from adtempo.cli.session import AsJson, note, print_json, print_table


def file(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: a column of dates, and columns of numbers.")],
    *,
    date: Annotated[str, typer.Option("--date", metavar="COL", help="Column of the dates or times, evenly spaced.")],
    value: Annotated[
        list[str], typer.Option("--value", metavar="COL", help="Column to forecast; may be repeated, or be COL,COL.")
    ],
    horizon: Annotated[int, typer.Option("--horizon", metavar="H", min=1, help="How many steps to come.")],
    season: Annotated[
        int | None,
        typer.Option("--season", metavar="S", min=1, help="Steps of one season; default: what the dates suggest."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="OUT", help="Where the forecasts go.")],
) -> None:
    """Forecast plain series: one a column, or one a unique_id where there is such a column; needs no workspace."""
    from adtempo.forecasts.series_file import forecast_file

    for line in forecast_file(source, date, value, horizon, season, output):
        note(line)


def allocate(
    source: Annotated[
        Path, typer.Option("--file", metavar="F", help="CSV of past spend and outcome, a row a day or week.")
    ],
    *,
    date: Annotated[str, typer.Option("--date", metavar="COL", help="Column of the dates, evenly spaced.")],
    outcome: Annotated[str, typer.Option("--outcome", metavar="COL", help="Column of what is wanted: sales, say.")],
    spend: Annotated[list[str], typer.Option("--spend", metavar="COL,COL", help="Columns of spend; may be repeated.")],
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="COL", help="Column of places, each with curves and a plan of its own."),
    ] = None,
    total: Annotated[str, typer.Option("--total", metavar="T", help="What is to be spent in a row of the file.")],
    bounds: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="COL=V", help="Most spend of a row, or COL=LEAST..MOST; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Split a total over columns of spend so that it brings the most, learnt from a plain file; needs no workspace."""
    whole = _read_amount("--total", total)
    least, most = _read_bounds(bounds or [])
    from adtempo.forecasts.allocation_file import Bounds, Columns, allocate_file

    names = [name.strip() for part in spend for name in part.split(",") if name.strip()]
    body = allocate_file(source, Columns(date, outcome, names, group), Bounds(whole, least, most))
    if as_json:
        print_json(body)
        return
    for place, answer in body.get("groups", {"": body}).items():
        _print_split(f"{group} {place}" if group else "", answer)


def _read_amount(what: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0) or "_" in text:
        raise typer.BadParameter(f"{what}: {text!r} is not an amount of at least 0; write 1234.56")
    return amount


def _read_bounds(texts: Sequence[str]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return least and most spend by column."""
    least, most = dict[str, Decimal](), dict[str, Decimal]()
    for text in texts:
        name, _, amounts = text.rpartition("=")
        if not name or name in most:
            raise typer.BadParameter(f"--max {text}: name each column once, as COLUMN=1234.56")
        low, dots, high = amounts.rpartition("..")
        most[name] = _read_amount(f"--max {text}", high)
        if dots:
            least[name] = _read_amount(f"--max {text}", low)
    return least, most


def _print_split(place: str, answer: Mapping[str, Any]) -> None:
    """Print one plan as a table, and what it means."""
    if place:
        typer.echo(place)
    rows = [
        (
            name,
            f"{channel['today']:,.2f}",
            f"{answer['allocation'][name]:,.2f}",
            f"{channel['highest_seen']:,.2f}",
            _fan(channel["brings"]),
            _fan(channel["next_1000"]),
            "never spent so much" if channel["extrapolates"] else "",
        )
        for name, channel in answer["channels"].items()
    ]
    header = ("column", "today", "proposed", "highest so far", "brings", "the next 1,000 would bring", "")
    print_table(header, rows, right=header[1:-1])
    gain, even = answer["gain_today"], answer["gain_equal_split"]
    typer.echo(
        f"expected per row: {_fan({**answer, 'value': answer['expected']})} beside a base of {_fan(answer['base'])}"
    )
    typer.echo(f"more than today's split of the same total: {_fan(gain)}; than equal parts: {_fan(even)}")
    typer.echo(f"no other split is expected to bring {max(answer['gap'], 0.01):,.2f} more; {answer['note']}")


def _fan(one: Mapping[str, float]) -> str:
    return f"{one['value']:,.2f} ({one['low80']:,.2f} to {one['high80']:,.2f})"


def register(area: typer.Typer) -> None:
    """Add the commands."""
    area.command("file")(file)
    area.command("allocate")(allocate)
