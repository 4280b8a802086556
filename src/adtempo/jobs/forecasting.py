"""Filling the tables of forecasts, by the clock and when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adtempo.domain.errors import NotFound
from adtempo.forecasts.report import filled_body
from adtempo.forecasts.run import Forecaster

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def fill_forecasts(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Forecast what has changed; how far it is stands in the run while it lasts."""

    def progress(step: str, share: float) -> None:
        turn.tell(workspace.engine, {"step": step, "share": round(share, 2)})

    try:
        return filled_body(Forecaster(workspace).run(actor=turn.actor, progress=progress))
    except NotFound:
        return {"step": "there are no facts to forecast from", "share": 1.0}
