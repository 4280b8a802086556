"""Evaluating a campaign anew when a person approves a change and facts have moved since it was proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adtempo.changes.approvals import Again
    from adtempo.workspace import Workspace


def evaluate_again(_workspace: Workspace) -> Again | None:
    """Return how changes are evaluated anew; None while no capability proposes any."""
    return None
