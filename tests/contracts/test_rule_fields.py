"""Nothing is a flag that does nothing: for every field of a rule there is a case in which it alone decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from adtempo.api.budget_bodies import RuleAsked
from adtempo.budgets.decide import recommend_choice
from adtempo.budgets.load import assign_rules
from adtempo.budgets.proposals import policy_of, proposal_of
from adtempo.budgets.reasons import Explainer
from adtempo.budgets.rules.base import Over, Rule
from adtempo.budgets.rules.fields import FIELDS, read_rule, write_rule
from adtempo.changes.guardrails import check_all
from adtempo.changes.limits import clamp
from adtempo.changes.situation import Sent, Situation
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.policies import Policy
from standings import MICROS, NOW, Seen, Told, evaluate, standing, window

ACCOUNT = Account(AccountRef("meta", "a1"), "UTC", "USD", armed=True)
BASE = {"rule_name": "r", "basis": "reported"}
GOOD, BAD = Seen(value=350), Seen(value=120)
GREAT = Seen(impressions=10_000, clicks=320, value=450)
RISING = Told(seen=GOOD)


@dataclass(frozen=True)
class Case:
    """A rule without and with one field, and how to tell the difference."""

    changed: Any
    told: Told = RISING
    base: Mapping[str, Any] | None = None
    outcome: Callable[[Rule, Told], Any] | None = None


def said(rule: Rule, told: Told) -> Any:
    """What the rule asks for."""
    found = evaluate(rule, told)[0]
    return found.action, found.new_budget_micros, found.requires_approval, found.reason


def meant_for(rule: Rule, told: Told) -> Any:
    """Which rule a campaign follows, if any."""
    columns = standing(told)
    assigned, alone = assign_rules(
        [(rule, (1, 1), rule.enabled)], columns.campaigns, {ACCOUNT.ref: ACCOUNT}, range(len(columns))
    )
    return [one.rule.rule_name for one in assigned], alone


def road(rule: Rule, told: Told) -> Any:
    """What limits and guardrails make of what the rule asks for, eight hours after a first rise."""
    columns = standing(told)
    choice = recommend_choice(rule, columns, np.array([0]))
    evaluation = Explainer(choice, columns).evaluations()[0]
    proposal = proposal_of(evaluation, choice, 0, window=NOW)
    prior = proposal.prior
    before = CampaignState(round(prior.budget_daily_micros / 1.2), Status.ACTIVE)
    situation = Situation(
        now=NOW,
        account=ACCOUNT,
        known=prior,
        facts_until=NOW,
        sent=(Sent(NOW - timedelta(hours=8), before, prior),),
        committed_micros=4_970 * MICROS,
    )
    clamped, _ = clamp(proposal, situation)
    verdicts = check_all(clamped or proposal, situation)
    return clamped and clamped.target, {(one.guardrail, one.outcome) for one in verdicts}


def over_niche(rule: Rule, told: Told) -> Any:
    """Two campaigns of one niche, of which the second alone would not be raised."""
    columns = standing(told, replace(told, seen=BAD))
    both = window([Seen(impressions=20_000, clicks=300, spend=200, conversions=20, value=700)])
    windows = {**columns.windows, (Over.NICHE, 24): both, (Over.PLATFORM, 24): both}
    grouped = replace(
        columns,
        windows=windows,
        groups={**columns.groups, Over.NICHE: np.zeros(2, np.int64), Over.PLATFORM: np.zeros(2, np.int64)},
    )
    return [recommend_choice(rule, grouped, np.array([1])).action(0)]


UNSURE = Told(seen=Seen(value=350, value_final=(350, 300, 400)))

CASES: dict[str, Case] = {
    "rule_name": Case("s", outcome=meant_for),
    "account_id": Case("meta:other", outcome=meant_for),
    "campaign_id": Case("meta:a1:other", outcome=meant_for),
    "enabled": Case(False, outcome=meant_for),
    "currency": Case("EUR", outcome=meant_for),
    "roas_scale_up_aggressive": Case(4.6, Told(seen=GREAT)),
    "roas_scale_up": Case(3.6),
    "roas_scale_down": Case(1.1, Told(seen=BAD)),
    "roas_pause": Case(1.3, Told(seen=BAD)),
    "ctr_aggressive": Case(3.3, Told(seen=GREAT)),
    "multiplier_aggressive_up": Case(1.4, Told(seen=GREAT)),
    "multiplier_up": Case(1.1),
    "multiplier_down": Case(0.8, Told(seen=BAD)),
    "min_impressions": Case(20_000),
    "window_hours": Case(48, Told(seen=GOOD, more={24: GOOD, 48: BAD})),
    "max_daily_budget": Case(220),
    "min_daily_budget": Case(150, Told(seen=BAD)),
    "max_daily_spend_limit": Case(4_980, outcome=road),
    "require_approval_threshold": Case(220),
    "auto_approve_up_to": Case(0),
    "cooldown_hours": Case(12, outcome=road),
    "max_changes_per_day": Case(1, outcome=road),
    "max_change_per_day": Case(1.3, outcome=road),
    "basis": Case("expected", Told(seen=Seen(value=350, value_final=(280, 250, 310)))),
    "confidence": Case(0.95, UNSURE, {"rule_name": "r", "basis": "expected"}),
    "target_roas": Case(3.8),
    "target_cpa": Case(5, Told(seen=Seen(conversions=10, value=350))),
    "label": Case("brand", outcome=meant_for),
    "name_pattern": Case("brand*", outcome=meant_for),
    "over": Case("niche", outcome=over_niche),
    "rows": Case([{"when": "ctr > 1", "action": "pause"}]),
    "quiet_hours": Case([12], outcome=road),
}


def test_every_field_has_its_case_and_can_be_written_everywhere() -> None:
    """In TOML and the command line (FIELDS, of which the web's form is made) and over HTTP alike."""
    named = {one.name for one in fields(Rule)}
    assert named == {one.name for one in FIELDS} == CASES.keys() == RuleAsked.model_fields.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_field_alone_changes_the_outcome(name: str) -> None:
    case = CASES[name]
    base = dict(case.base or BASE)
    outcome = case.outcome or said
    assert outcome(read_rule(base), case.told) != outcome(read_rule({**base, name: case.changed}), case.told)


@pytest.mark.parametrize("name", CASES)
def test_the_field_is_kept_as_it_was_written(name: str) -> None:
    rule = read_rule({**(CASES[name].base or BASE), name: CASES[name].changed})
    assert read_rule(json.loads(json.dumps(write_rule(rule)))) == rule


def test_the_policy_of_a_rule_has_its_limits() -> None:
    stated = {"min_daily_budget": 20, "max_daily_budget": 700, "max_daily_spend_limit": 4_000, "min_impressions": 50}
    more = {"require_approval_threshold": 300, "auto_approve_up_to": 40, "cooldown_hours": 5, "quiet_hours": [1, 2]}
    rule = read_rule({**BASE, **stated, **more, "max_changes_per_day": 2, "max_change_per_day": 1.4})
    amounts = recommend_choice(rule, standing(Told(seen=GOOD)), np.array([0])).amounts
    assert policy_of(rule, amounts, 4) == Policy(
        key="budgets",
        title="r v4",
        budget_daily_min_micros=20 * MICROS,
        budget_daily_max_micros=700 * MICROS,
        account_daily_max_micros=4_000 * MICROS,
        day_change_max=1.4,
        cooldown_hours=5,
        changes_per_day_max=2,
        approval_above_micros=300 * MICROS,
        auto_approve_up_to_micros=40 * MICROS,
        impressions_min=50,
        quiet_hours=(1, 2),
    )
