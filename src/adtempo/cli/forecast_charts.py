"""forecasts chart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import fetch_file
from adtempo.cli.session import note, opened, session_of
from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from adtempo.forecasts.run import Forecaster

WIDTH = 640
FORMS = (".png", ".svg")
NAMES = ("roi-forecast", "roi-timeseries", "reach-ctr", "budget-recommendation")
"""The four predictions."""


def chart(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `forecasts show` takes it.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to write it: .png or .svg.")],
    channel: Annotated[str | None, typer.Option("--channel", metavar="C", help="Only this channel.")] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CUR", help="In this currency; default: the first by name.")
    ] = None,
) -> None:
    """Draw a forecast as a picture."""
    if output.suffix.lower() not in FORMS:
        raise InvalidInput(f"{output.name} does not say what it should be; end it with .png or .svg")
    check_asked(name, channel)
    if not output.absolute().parent.is_dir():
        raise InvalidInput(f"there is no folder {output.absolute().parent}; make it first")
    form = output.suffix.lower().lstrip(".")
    session = session_of(ctx)
    if session.server:
        asked = {"format": form, "channel": channel, "currency": currency}
        picture = fetch_file(session, f"/api/ml-dashboard/{name}/chart", asked)
    else:
        from adtempo.charts.said import picture_said
        from adtempo.forecasts.run import Forecaster

        with opened(ctx) as workspace:
            said = ask(Forecaster(workspace), name, channel)
        picture = picture_said(said, form, currency=currency, theme="light", width=WIDTH, height=None)
    output.write_bytes(picture)
    note(f"written: {output}")


def check_asked(name: str, channel: str | None) -> None:
    """Refuse what no forecast answers."""
    if name not in NAMES:
        raise InvalidInput(f"there is no forecast {name!r}; choose one of {', '.join(NAMES)}")
    if channel is not None and name == NAMES[-1]:
        raise InvalidInput("a recommendation is about all channels of a currency; leave --channel out")


def ask(forecaster: Forecaster, name: str, channel: str | None) -> Sequence[Any]:
    """Return what a forecast says."""
    if name == NAMES[0]:
        return forecaster.roi_forecast(channel=channel)
    if name == NAMES[1]:
        return forecaster.roi_timeseries(channel=channel)
    return forecaster.reach_ctr(channel=channel) if name == NAMES[2] else forecaster.budget_recommendation()
