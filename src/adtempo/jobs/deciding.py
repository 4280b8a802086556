"""Evaluating a campaign anew when a person approves a change and facts have moved since it was proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adtempo.budgets.run import BudgetAutoScaler

if TYPE_CHECKING:
    from adtempo.changes.approvals import Again
    from adtempo.workspace import Workspace


def evaluate_again(workspace: Workspace) -> Again:
    """Return how changes are evaluated anew: by the rules that are for their campaigns now."""
    return BudgetAutoScaler(workspace).propose_again
