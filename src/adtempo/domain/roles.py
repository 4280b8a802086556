"""Who may do what: named people, four roles, and one table of permissions.

Operator and approver both stand above viewer and neither above the other, so that whoever proposes a change of money is
not by rank the one who approves it. An admin may do everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a person is here for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be asked for; every route and command names one."""

    READ = "read"  # see figures, reports, proposals, the audit log
    INGEST = "ingest"  # import files, undo an import, sync
    PLAN = "plan"  # set targets, propose changes, build schedules
    APPROVE = "approve"  # approve or reject a change of money
    HALT = "halt"  # stop all changes
    ARM = "arm"  # let changes reach a real platform, or resume after a halt
    ADMINISTER = "administer"  # people, accounts, back-ups


PERMISSIONS: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.READ: frozenset(Role),
        Action.INGEST: frozenset({Role.OPERATOR, Role.ADMIN}),
        Action.PLAN: frozenset({Role.OPERATOR, Role.ADMIN}),
        Action.APPROVE: frozenset({Role.APPROVER, Role.ADMIN}),
        Action.HALT: frozenset({Role.OPERATOR, Role.APPROVER, Role.ADMIN}),
        Action.ARM: frozenset({Role.ADMIN}),
        Action.ADMINISTER: frozenset({Role.ADMIN}),
    }
)
"""Which roles may do an action; what is not here is denied."""

IN_PERSON = frozenset({Action.APPROVE, Action.ARM, Action.ADMINISTER})
"""What no script may do, whoever's token it holds."""

FRESHLY = frozenset({Action.APPROVE, Action.ARM})
"""What needs a sign-in of late: a session that somebody left open must not move money."""

FRESH_FOR = timedelta(minutes=30)

EVERYBODY = "everybody"
"""What a route states instead of an action when nobody need be signed in."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, or whose token a script holds.

    Attributes:
        id: Never given twice.
        name: Sign-in name, unique, lower case.
        role: What they are here for.
        by_script: Whether a script acts for them.
        signed_in_at: When their session began; None without a session.
    """

    id: int
    name: str
    role: Role
    by_script: bool = False
    signed_in_at: datetime | None = field(default=None, compare=False)

    def must_sign_in_again(self, action: Action, now: datetime) -> bool:
        """Say whether this person's session is too old for this."""
        return action in FRESHLY and self.signed_in_at is not None and now - self.signed_in_at > FRESH_FOR

    def may(self, action: Action) -> bool:
        """Say whether this person may do this, here and now."""
        return self.role in PERMISSIONS.get(action, frozenset()) and not (self.by_script and action in IN_PERSON)
