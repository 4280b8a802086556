"""Who may do what."""

from __future__ import annotations

import pytest

from adtempo.domain.roles import IN_PERSON, PERMISSIONS, Action, Person, Role


def may(role: Role, *, by_script: bool = False) -> set[Action]:
    return {action for action in Action if Person(1, "ann", role, by_script).may(action)}


def test_every_action_stands_in_the_table_and_admin_may_all() -> None:
    assert PERMISSIONS.keys() == set(Action)
    assert may(Role.ADMIN) == set(Action)


def test_operator_and_approver_both_stand_above_viewer_and_apart() -> None:
    assert may(Role.VIEWER) == {Action.READ}
    assert may(Role.VIEWER) < may(Role.OPERATOR)
    assert may(Role.VIEWER) < may(Role.APPROVER)
    assert Action.APPROVE not in may(Role.OPERATOR)
    assert Action.PLAN not in may(Role.APPROVER)


@pytest.mark.parametrize("role", Role)
def test_a_script_never_does_what_needs_the_person(role: Role) -> None:
    assert may(role, by_script=True) == may(role) - IN_PERSON


def test_an_action_that_is_not_in_the_table_is_denied() -> None:
    assert not Person(1, "ann", Role.ADMIN).may("destroy")  # type: ignore[arg-type]


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Action.APPROVE] = frozenset(Role)  # type: ignore[index]
