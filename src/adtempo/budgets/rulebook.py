"""The stored rules: every change is a new version with an audit row, and none is forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from adtempo.budgets.rules.base import Rule, amounts_in
from adtempo.budgets.rules.fields import read_rule, write_rule
from adtempo.domain.budgets import StoredRule
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.store import budgets as stored
from adtempo.store.accounts import find_account, find_campaign, load_account, load_accounts
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def load_rules(workspace: Workspace) -> list[StoredRule]:
    """Return the rules that there are, in their order."""
    with reading(workspace.engine) as connection:
        return stored.load_rules(connection)


def load_rule(workspace: Workspace, rule_id: int) -> StoredRule:
    """Return one rule as it is now.

    Raises:
        NotFound: There is no such rule, or it was deleted.
    """
    with reading(workspace.engine) as connection:
        return _current(connection, rule_id)


def add_rules(workspace: Workspace, rules: Sequence[Rule], *, actor: str) -> list[StoredRule]:
    """Store new rules behind those that there are: all of them, or none.

    Raises:
        NotFound: A rule is for an account or a campaign that there is none of.
        InvalidInput: A rule's amounts do not fit its account's currency.
        Conflict: Somebody else stored a rule at the same moment.
    """
    made = []
    with transaction(workspace.engine) as connection:
        for rule in rules:
            named = _name_fully(connection, rule)
            last = max((one.position for one in stored.load_rules(connection)), default=0)
            one = StoredRule(
                rule_id=stored.next_rule_id(connection),
                version=1,
                fields=write_rule(named),
                enabled=named.enabled,
                position=last + 1,
                made_at=workspace.now(),
                actor=actor,
            )
            made.append(_keep(connection, one, "rule.added", actor))
    return made


def change_rule(workspace: Workspace, rule_id: int, changes: Mapping[str, Any], *, actor: str) -> StoredRule:
    """Write a new version of a rule.

    Args:
        workspace: What is open.
        rule_id: Which rule.
        changes: Fields by name; null takes one back to its default. `position` moves the rule.
        actor: Who changes it.

    Raises:
        NotFound: There is no such rule.
        InvalidInput: A field is not what it should be.
        Conflict: Somebody else changed it meanwhile.
    """
    wanted = dict(changes)
    position = wanted.pop("position", None)
    if position is not None and (isinstance(position, bool) or not isinstance(position, int) or position < 1):
        raise InvalidInput("position: must be a whole number from 1")
    with transaction(workspace.engine) as connection:
        before = _current(connection, rule_id)
        rule = _name_fully(connection, read_rule({**before.fields, **wanted}))
        after = replace(
            before,
            version=before.version + 1,
            fields=write_rule(rule),
            enabled=rule.enabled,
            position=position or before.position,
            made_at=workspace.now(),
            actor=actor,
        )
        return _keep(connection, after, "rule.changed", actor)


def remove_rule(workspace: Workspace, rule_id: int, *, actor: str) -> StoredRule:
    """Take a rule away; its versions stay.

    Raises:
        NotFound: There is no such rule.
        Conflict: Somebody else changed it meanwhile.
    """
    with transaction(workspace.engine) as connection:
        before = _current(connection, rule_id)
        after = replace(
            before, version=before.version + 1, enabled=False, deleted=True, made_at=workspace.now(), actor=actor
        )
        return _keep(connection, after, "rule.removed", actor)


def _current(connection: Connection, rule_id: int) -> StoredRule:
    newest = stored.load_rule_versions(connection, rule_id)[0]
    if newest.deleted:
        raise NotFound(f"rule {rule_id} was deleted; `adtempo budgets rules list` shows those there are")
    return newest


def _name_fully(connection: Connection, rule: Rule) -> Rule:
    """Write whom a rule is for in full, and check its amounts against the currencies that it will meet."""
    account = None if rule.account_id is None else find_account(connection, rule.account_id)
    if rule.campaign_id is not None:
        ref = find_campaign(connection, rule.campaign_id)
        if account is not None and ref.account != account.ref:
            raise InvalidInput(f"campaign_id: {ref} does not belong to account {account.ref}")
        account = load_account(connection, ref.account)
        rule = replace(rule, campaign_id=str(ref))
    if account is not None:
        amounts_in(rule, account.currency)
        return replace(rule, account_id=str(account.ref))
    for currency in sorted({one.currency for one in load_accounts(connection)} & {rule.currency or ""}):
        amounts_in(rule, currency)
    return rule


def _keep(connection: Connection, rule: StoredRule, action: str, actor: str) -> StoredRule:
    stored.insert_rule(connection, rule)
    append_audit(
        connection,
        at=rule.made_at,
        actor=actor,
        action=action,
        subject=f"rule {rule.rule_id} v{rule.version}",
        detail=dict(rule.fields) if not rule.deleted else {},
    )
    return rule
