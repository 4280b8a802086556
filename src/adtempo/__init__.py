"""adtempo: when, where and how much to spend on paid media, with its evidence.

Everything starts with `open_workspace`; each capability is one class that takes the workspace. Both are imported when
they are first asked for, so that importing `adtempo` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adtempo.budgets.run import BudgetAutoScaler
    from adtempo.dayparts.run import DayPartOptimizer
    from adtempo.domain.frames import to_pandas, to_polars
    from adtempo.forecasts.run import Forecaster
    from adtempo.messages.run import ScheduleBuilder
    from adtempo.tracking.run import CampaignTracker
    from adtempo.workspace import Workspace, open_workspace

__all__ = [
    "BudgetAutoScaler",
    "CampaignTracker",
    "DayPartOptimizer",
    "Forecaster",
    "ScheduleBuilder",
    "Workspace",
    "open_workspace",
    "to_pandas",
    "to_polars",
]

_HOMES = {
    "BudgetAutoScaler": "adtempo.budgets.run",
    "CampaignTracker": "adtempo.tracking.run",
    "DayPartOptimizer": "adtempo.dayparts.run",
    "Forecaster": "adtempo.forecasts.run",
    "ScheduleBuilder": "adtempo.messages.run",
    "Workspace": "adtempo.workspace",
    "open_workspace": "adtempo.workspace",
    "to_pandas": "adtempo.domain.frames",
    "to_polars": "adtempo.domain.frames",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'adtempo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
