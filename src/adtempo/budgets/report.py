"""Evaluations, rules and runs as the HTTP API and --json give them: amounts as decimal strings, CTR in percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adtempo.budgets.check import Check, HighestSpend
from adtempo.budgets.rules.base import DEFAULT_RULE
from adtempo.budgets.rules.fields import read_rule, write_rule
from adtempo.budgets.rules.sentences import rule_sentence
from adtempo.budgets.run import Run, Scaled
from adtempo.domain.budgets import Evaluation, StoredRule
from adtempo.domain.metrics import plain_values
from adtempo.domain.money import format_micros


def evaluation_body(one: Evaluation) -> dict[str, Any]:
    """Return what was said of one campaign."""
    return {
        "campaign_id": one.campaign.campaign_id,
        "platform": one.campaign.platform,
        "account_id": one.campaign.account_id,
        "as_of": one.at.isoformat(),
        "rule": one.rule_name,
        "rule_id": one.rule_id,
        "rule_version": one.rule_version,
        "basis": one.basis.value,
        "action": one.action.value,
        "old_budget": _amount(one.old_budget_micros),
        "new_budget": _amount(one.new_budget_micros),
        "currency": one.currency,
        "reason": one.reason,
        "requires_approval": one.requires_approval,
        "vetoes": list(one.vetoes),
        "window": one.window,
        "metrics": plain_values(one.metrics),
        "expected": plain_values(one.expected),
        "conditions": [
            {
                "action": judged.action.value,
                "condition": judged.condition,
                "truth": judged.truth.value,
                "probability": judged.probability,
                "reported": judged.reported,
            }
            for judged in one.judgements
        ],
        "missing": one.missing,
        "would_change": one.would_change,
        "on_reported": one.on_reported.value,
    }


def scaled_body(one: Scaled) -> dict[str, Any]:
    """Return what was said of one campaign, and what became of it; null where nothing was asked for."""
    change = one.change
    return {
        **evaluation_body(one.evaluation),
        "action_id": None if change is None else change.id,
        "state": None if change is None else change.state.value,
    }


def scaled_all_body(scaled: Sequence[Scaled]) -> dict[str, Any]:
    """Return what was said of many campaigns."""
    return {"evaluations": [scaled_body(one) for one in scaled]}


def run_body(run: Run) -> dict[str, Any]:
    """Return what a run did."""
    return {
        "run": run.name,
        "window": run.window.isoformat(),
        "evaluated": run.evaluated,
        "known": run.known,
        "unruled": run.unruled,
        "actions": dict(run.actions),
        "states": run.states,
        "failures": [
            {
                "rule": failure.rule_name,
                "campaigns": [str(ref) for ref in failure.campaigns],
                "message": failure.message,
            }
            for failure in run.failures
        ],
        "changes": [scaled_body(one) for one in run.scaled],
    }


def rule_body(one: StoredRule) -> dict[str, Any]:
    """Return a stored rule: its fields, and what they mean in one sentence."""
    rule = read_rule(one.fields)
    return {
        **write_rule(rule),
        "id": one.rule_id,
        "version": one.version,
        "position": one.position,
        "made_at": one.made_at.isoformat(),
        "actor": one.actor,
        "sentence": rule_sentence(rule),
    }


def rules_body(rules: Sequence[StoredRule]) -> dict[str, Any]:
    """Return stored rules, in their order, and the shipped one that counts where none of them does."""
    default = {**write_rule(DEFAULT_RULE), "sentence": rule_sentence(DEFAULT_RULE)}
    return {"rules": [rule_body(one) for one in rules], "default": default}


def check_body(check: Check) -> dict[str, Any]:
    """Return what is wrong with a set of rules, and the most that accounts can spend under it."""
    return {
        "findings": [
            {
                "kind": one.kind.value,
                "rules": list(one.rules),
                "campaign": None if one.campaign is None else str(one.campaign),
                "message": one.message,
            }
            for one in check.findings
        ],
        "highest_spend": [
            {
                "account": str(one.account),
                "currency": one.currency,
                "in_24_hours": format_micros(one.day_micros),
                "in_7_days": format_micros(one.week_micros),
                "highest_budgets": format_micros(one.budgets_micros),
                "why": _why(one),
            }
            for one in check.highest_spend
        ],
    }


def _why(one: HighestSpend) -> str:
    held = "the account's cap" if one.capped_by == "account" else "its campaigns' own limits"
    over = (
        f"; {one.account.platform} may spend {one.overspend:g} times a day's highest budget"
        if one.overspend > 1
        else ""
    )
    unknown = f"; running campaigns whose budget nobody has said are not in it: {one.unknown}" if one.unknown else ""
    return f"daily budgets come to at most {format_micros(one.budgets_micros)}, held by {held}{over}{unknown}"


def _amount(micros: int | None) -> str | None:
    return None if micros is None else format_micros(micros)
