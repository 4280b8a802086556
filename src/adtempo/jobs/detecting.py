"""Looking for what is wrong, each hour after the facts came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from adtempo.tracking.detection import update_anomaly_alerts

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def detect_anomalies(workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    """Open alerts for what is wrong now, and resolve those whose cause is gone."""
    return asdict(update_anomaly_alerts(workspace))
