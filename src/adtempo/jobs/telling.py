"""Telling people what they should know, and holding predictions against what came true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from adtempo.alerts.deliver import deliver_alerts
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import compare_predictions

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def tell_alerts(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Send the messages that are due; in a pretended time, nobody is told anything."""
    if workspace.pretended:
        return {"written": 0, "sent": 0, "failed": 0}
    return asdict(deliver_alerts(workspace, actor=turn.actor))


def compare_mature(workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    """Compare the predictions whose windows are mature."""
    done = compare_predictions(workspace, actuals_of(workspace))
    return {"compared": len(done.compared), "waiting": done.waiting}
