"""Taking applied changes back: the inverse change, proposed like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adtempo.changes.lifecycle import in_words
from adtempo.changes.propose import propose_changes, read_proposal
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import Conflict, NotFound
from adtempo.domain.proposals import BudgetAction, Proposal
from adtempo.store import changes as stored
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def revert_change(workspace: Workspace, change_id: int, *, actor: str) -> Change:
    """Propose the inverse of an applied change and return it.

    Raises:
        NotFound: There is no such change.
        Conflict: It never took hold, or is being taken back, or was.
    """
    with reading(workspace.engine) as connection:
        change = stored.load_change(connection, change_id)
        back = stored.find_revert(connection, change_id)
    if back is not None:
        raise Conflict(f"change {change_id} is taken back by change {back.id}, which is {in_words(back.state)}")
    if change.state is not State.APPLIED:
        raise Conflict(f"change {change_id} is {in_words(change.state)}; only an applied change can be taken back")
    return propose_changes(workspace, [invert(workspace, change, actor)], actor=actor)[0]


def revert_run(workspace: Workspace, run: str, *, actor: str) -> list[Change]:
    """Propose the inverse of every applied change of a run and return them, the newest change first.

    Raises:
        NotFound: No change of this run can be taken back.
    """
    with reading(workspace.engine) as connection:
        applied = stored.list_changes(connection, run=run, states=[State.APPLIED])
        waiting = [change for change in applied if stored.find_revert(connection, change.id) is None]
    if not waiting:
        raise NotFound(f"no change of run {run!r} can be taken back; adtempo changes list shows what was applied")
    return propose_changes(workspace, [invert(workspace, change, actor) for change in waiting], actor=actor)


def invert(workspace: Workspace, change: Change, actor: str) -> Proposal:
    """Return the proposal that takes a change back, under the policy that it was made under."""
    made, now = read_proposal(change), workspace.now()
    policy = replace(made.policy, key=f"revert:{change.id}", title=f"revert of change {change.id}")
    return Proposal(
        campaign=change.campaign,
        action=BudgetAction.REVERT,
        prior=change.target,
        target=change.prior,
        currency=change.currency,
        policy=policy,
        window=now,
        reason=f"{actor} takes change {change.id} back: {change.reason}",
        as_of=now,
        batch=change.batch,
        reverts=change.id,
    )
