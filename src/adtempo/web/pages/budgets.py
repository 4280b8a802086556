"""Budgets: what the rules asked for last, the rules as sentences with their fields, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from adtempo.accounts.run import load_campaigns
from adtempo.budgets.dashboard import Dashboard, Impact, dashboard_body
from adtempo.budgets.report import check_body
from adtempo.budgets.rules.base import DEFAULT_RULE, Over
from adtempo.budgets.rules.fields import FIELDS, OF_TABLE, read_rule, write_line, write_rule
from adtempo.budgets.rules.sentences import rule_sentence
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.domain.budgets import Evaluation, StoredRule
from adtempo.domain.money import Money
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.roles import Action
from adtempo.web.pages.alerts import names_of
from adtempo.web.pages.choice import load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Figure, Line, age_text, campaign_address

router = APIRouter(route_class=PageRoute, include_in_schema=False)

DAYS = 7
LATEST = 2000
"""At most so many campaigns are shown."""

WRITTEN_ROWS = [{"when": "cpa > 1.5 * target_cpa and spend > 100", "action": "pause", "multiplier": None}]
"""What the form of a rule of one's own conditions begins with."""

TONES = {
    BudgetAction.PAUSE: "bad",
    BudgetAction.SCALE_DOWN: "bad",
    BudgetAction.SCALE_UP: "good",
    BudgetAction.SCALE_UP_AGGRESSIVE: "good",
}

_CHOICES = {
    "basis": ("expected", "reported"),
    "over": tuple(Over),
    "enabled": ("true", "false"),
}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of a rule in its form: a number, a text, or a choice."""

    name: str
    kind: str
    value: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleCard:
    """One rule: its sentence and its form; the shipped one has neither number nor form."""

    id: int | None
    name: str
    version: int
    enabled: bool
    sentence: str
    fields: tuple[FieldLine, ...]


@router.get("/budgets", openapi_extra=READ)
def budgets_page(request: Request, workspace: Open) -> Response:
    """Show what the rules asked for last, the rules themselves, and what came of them."""
    known = load_known(workspace)
    scaler = BudgetAutoScaler(workspace)
    names = names_of(load_campaigns(workspace))
    said = [one for _, one in scaler.load_evaluations(limit=LATEST)]
    last = [one for one in said if one.at == said[0].at]
    last.sort(key=lambda one: (one.action is BudgetAction.MAINTAIN, one.campaign))
    return render(
        request,
        "budgets.html",
        lines=[view_evaluation(one, names.get(one.campaign, "")) for one in last],
        asked=sum(one.action is not BudgetAction.MAINTAIN for one in last),
        looked=age_text(last[0].at, known.now) if last else "",
        tiles=view_tiles(scaler.load_dashboard(DAYS)),
        rules=view_rules(scaler.load_rules()),
        blank=form_of({**write_rule(DEFAULT_RULE), "rule_name": ""}),
        blank_rows=form_of({**write_rule(DEFAULT_RULE), "rule_name": "", "rows": WRITTEN_ROWS}),
        check=check_body(scaler.check()),
        may_plan=request.state.person.may(Action.PLAN),
        days=DAYS,
        simulated=known.simulated,
    )


def view_evaluation(one: Evaluation, name: str) -> Line:
    """Return what was said of one campaign in words."""
    old, new = (
        "unknown" if micros is None else str(Money(micros, one.currency))
        for micros in (one.old_budget_micros, one.new_budget_micros)
    )
    asides = [f"{one.missing}." if one.missing else "", *one.vetoes]
    if one.on_reported is not one.action:
        asides.append(f"On the figures reported so far it would have been: {words(one.on_reported)}.")
    asides.append(f"Otherwise: {one.would_change}.")
    return {
        "name": name or one.campaign.campaign_id,
        "address": campaign_address(one.campaign),
        "action": words(one.action),
        "tone": TONES.get(one.action, ""),
        "budget": old if one.action is BudgetAction.MAINTAIN else f"{old} → {new}",
        "reason": one.reason,
        "aside": " ".join(filter(None, asides)),
    }


def words(action: BudgetAction) -> str:
    """Return an action as people say it."""
    return action.value.replace("_", " ")


def view_rules(rules: Sequence[StoredRule]) -> list[RuleCard]:
    """Return the rules in their order, and the shipped one that counts where none of them does."""
    cards = []
    for one in rules:
        rule = read_rule(one.fields)
        fields = form_of(write_rule(rule))
        cards.append(RuleCard(one.rule_id, rule.rule_name, one.version, one.enabled, rule_sentence(rule), fields))
    shipped = RuleCard(None, "Shipped default", 0, enabled=True, sentence=rule_sentence(DEFAULT_RULE), fields=())
    return [*cards, shipped]


def form_of(written: Mapping[str, Any]) -> tuple[FieldLine, ...]:
    """Return the fields of a rule for a form: of the table of thresholds, or of rows of its own."""
    idle = OF_TABLE if written["rows"] else {"rows"}
    return tuple(
        FieldLine(field.name, field.kind, _text_of(field.name, written[field.name]), _CHOICES.get(field.name, ()))
        for field in FIELDS
        if field.name not in idle
    )


def _text_of(name: str, value: Any) -> str:
    if name == "rows":
        return "\n".join(map(write_line, value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def view_tiles(found: Dashboard) -> list[Figure]:
    """Return the dashboard's numbers."""
    body = dashboard_body(found)
    summary = body["summary"]
    rate = summary["execution_rate"]
    return [
        Figure(
            "Evaluations",
            f"{summary['total_actions']:,}",
            f"{found.actions.get(BudgetAction.MAINTAIN, 0):,} said: maintain",
            ("Every campaign of every hourly run, acted on or not.",),
        ),
        Figure(
            "Suggested",
            f"{summary['suggested']:,}",
            f"{summary['pending']:,} wait for approval or are on their way",
            ("Changes of accounts that are not armed; nothing is sent for these.",),
        ),
        Figure(
            "Executed",
            f"{summary['executed']:,}",
            "no evaluation yet" if rate is None else f"{rate:.1f}% of evaluations",
            ("Changes that the platform took.", "executed / evaluations x 100."),
        ),
        Figure(
            "Stopped",
            f"{summary['blocked'] + summary['rejected'] + summary['expired']:,}",
            f"{summary['blocked']} by guardrails, {summary['rejected']} by people, {summary['expired']} expired",
            tuple(f"{name.replace('_', ' ')}: {count}" for name, count in found.vetoes.items())
            or ("No guardrail vetoed anything.",),
        ),
        Figure(
            "Budgets moved",
            " · ".join(_net(one) for one in found.impacts) or "0",
            "net of rises and cuts, a day",
            ("Daily budgets of applied changes: after less before.",),
        ),
    ]


def _net(impact: Impact) -> str:
    net = impact.increase_micros - impact.decrease_micros
    return f"{'+' if net > 0 else ''}{Money(net, impact.currency)}"
