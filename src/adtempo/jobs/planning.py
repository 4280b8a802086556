"""Looking at whether creators' weeks are planned as they should be, each hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from adtempo.messages.health import update_message_alerts

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def watch_messages(workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    """Open alerts for what is wrong with planning messages, and resolve those whose cause is gone."""
    return asdict(update_message_alerts(workspace))
