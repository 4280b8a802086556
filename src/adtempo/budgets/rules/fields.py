"""The fields of a rule as people write them, in TOML, JSON or a form, and back: one table, one way of reading."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import partial
from math import isfinite
from typing import Any

from adtempo.budgets.rules.base import DEFAULT_AMOUNTS, PER_DOLLAR, Over, Row, Rule
from adtempo.budgets.rules.conditions import WINDOW_HOURS_MAX, number_text, read_condition
from adtempo.domain.budgets import Basis
from adtempo.domain.errors import AdtempoError, InvalidInput
from adtempo.domain.money import format_micros, parse_micros
from adtempo.domain.proposals import BudgetAction

PROBLEMS_SHOWN = 20

_TEXT_MAX = 200
_ROWS_MAX = 20
_LINE = re.compile(r"\s*(?P<action>\w+)(\s+(?P<multiplier>[\d.]+))?\s+when\s+(?P<when>.+)")
_ASKED = tuple(action for action in BudgetAction if action not in {BudgetAction.MAINTAIN, BudgetAction.REVERT})


@dataclass(frozen=True, slots=True)
class RuleField:
    """One field of a rule.

    Attributes:
        name: As it is written everywhere.
        read: Turns what was written into what a `Rule` holds; raises InvalidInput.
        kind: What sort of value it is, in words.
    """

    name: str
    read: Callable[[Any], Any]
    kind: str


def _number(low: float, high: float, *, whole: bool = False) -> Callable[[Any], Any]:
    def read(given: Any) -> float | int:
        try:
            number = float(given) if not isinstance(given, bool) else float("nan")
        except (TypeError, ValueError):
            number = float("nan")
        if not (isfinite(number) and low <= number <= high and (not whole or number == int(number))):
            noun = "a whole number" if whole else "a number"
            raise InvalidInput(f"must be {noun} from {low:g} to {high:g}, not {given!r}")
        return int(number) if whole else number

    return read


def _amount(given: Any, *, least: int = 1) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise InvalidInput(f"must be an amount such as 1000 or '1000.50', not {given!r}")
    micros = parse_micros(given if isinstance(given, str) else f"{given:f}".rstrip("0").rstrip("."))
    if micros < least:
        raise InvalidInput(f"must be {'above 0' if least else '0 or more'}, not {given!r}")
    return micros


def _text(given: Any) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= _TEXT_MAX or not given.isprintable():
        raise InvalidInput(f"must be a text of 1 to {_TEXT_MAX} characters, not {given!r}")
    return given


def _yes_no(given: Any) -> bool:
    if not isinstance(given, bool):
        raise InvalidInput(f"must be true or false, not {given!r}")
    return given


def _one_of(choices: Iterable[str]) -> Callable[[Any], str]:
    known = tuple(choices)

    def read(given: Any) -> str:
        if given not in known:
            raise InvalidInput(f"must be one of {', '.join(known)}, not {given!r}")
        return str(given)

    return read


def _currency(given: Any) -> str:
    if given not in PER_DOLLAR and not (isinstance(given, str) and len(given) == 3 and given.isupper()):
        raise InvalidInput(f"must be an ISO 4217 code such as EUR, not {given!r}")
    return str(given)


def _hours(given: Any) -> tuple[int, ...]:
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list | tuple):
        raise InvalidInput(f"must be a list of hours of the day such as [0, 1, 2], not {given!r}")
    hours = tuple(sorted({_number(0, 23, whole=True)(hour) for hour in given}))
    if len(hours) == 24:
        raise InvalidInput("cannot be the whole day; disable the rule instead")
    return hours


def _rows(given: Any) -> tuple[Row, ...]:
    if isinstance(given, str):
        given = [_read_line(number, line) for number, line in enumerate(given.strip().splitlines(), start=1)]
    if not isinstance(given, list | tuple) or len(given) > _ROWS_MAX:
        raise InvalidInput(f"must be a list of at most {_ROWS_MAX} tables with when, action and multiplier")
    return tuple(_row(number, one) for number, one in enumerate(given, start=1))


def _read_line(number: int, line: str) -> Mapping[str, str | None]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise InvalidInput(f"row {number} must be like 'scale_up 1.2 when roas > 3' or 'pause when roas < 1': {line!r}")
    return found.groupdict()


def _row(number: int, given: Any) -> Row:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"row {number} must be a table with when, action and multiplier")
    unknown = set(given) - {"when", "action", "multiplier"}
    if unknown:
        raise InvalidInput(f"row {number} has no field {min(unknown)!r}; a row has when, action and multiplier")
    try:
        action = BudgetAction(_one_of(_ASKED)(given.get("action")))
        when = read_condition(str(given.get("when") or ""))
        if action is BudgetAction.PAUSE:
            if given.get("multiplier") not in (None, 0):
                raise InvalidInput("a pause takes no multiplier")
            return Row(action, when)
        falls = action is BudgetAction.SCALE_DOWN
        factor = _number(0.01, 0.99)(given.get("multiplier")) if falls else _number(1.01, 10)(given.get("multiplier"))
    except AdtempoError as problem:
        raise InvalidInput(f"row {number}: {problem.message}") from None
    return Row(action, when, factor)


FIELDS: tuple[RuleField, ...] = (
    RuleField("rule_name", _text, "text"),
    RuleField("account_id", _text, "text"),
    RuleField("campaign_id", _text, "text"),
    RuleField("enabled", _yes_no, "true or false"),
    RuleField("currency", _currency, "ISO 4217 code"),
    *(
        RuleField(name, _number(0, 1000), "ratio")
        for name in ("roas_scale_up_aggressive", "roas_scale_up", "roas_scale_down", "roas_pause")
    ),
    RuleField("ctr_aggressive", _number(0, 100), "percent"),
    RuleField("multiplier_aggressive_up", _number(1.01, 10), "factor"),
    RuleField("multiplier_up", _number(1.01, 10), "factor"),
    RuleField("multiplier_down", _number(0.01, 0.99), "factor"),
    RuleField("min_impressions", _number(0, 1e9, whole=True), "count"),
    RuleField("window_hours", _number(1, WINDOW_HOURS_MAX, whole=True), "hours"),
    *(RuleField(name, _amount, "amount") for name in tuple(DEFAULT_AMOUNTS)[:4]),
    RuleField("auto_approve_up_to", partial(_amount, least=0), "amount"),
    RuleField("cooldown_hours", _number(0, 24 * 30), "hours"),
    RuleField("max_changes_per_day", _number(1, 24, whole=True), "count"),
    RuleField("max_change_per_day", _number(1.01, 10), "factor"),
    RuleField("basis", lambda given: Basis(_one_of(Basis)(given)), "expected or reported"),
    RuleField("confidence", _number(0.5, 1), "probability"),
    RuleField("target_roas", _number(0.001, 1000), "ratio"),
    RuleField("target_cpa", _amount, "amount"),
    RuleField("label", _text, "text"),
    RuleField("name_pattern", _text, "text with *"),
    RuleField("over", lambda given: Over(_one_of(Over)(given)), ", ".join(Over)),
    RuleField("rows", _rows, "list of when, action, multiplier; or a line each"),
    RuleField("quiet_hours", _hours, "list of hours"),
)
"""Every field of a rule, in the order in which it is shown."""

AMOUNTS = frozenset(one.name for one in FIELDS if one.kind == "amount")

_BY_NAME = {one.name: one for one in FIELDS}
_RISING = ("roas_pause", "roas_scale_down", "roas_scale_up", "roas_scale_up_aggressive")

OF_TABLE = frozenset(
    {
        *_RISING,
        "ctr_aggressive",
        "multiplier_aggressive_up",
        "multiplier_up",
        "multiplier_down",
        "target_roas",
        "target_cpa",
    }
)
"""Fields of the table of thresholds: in a rule with rows of its own they would do nothing."""


def read_rule(written: Mapping[str, Any]) -> Rule:
    """Return the rule that some fields describe; what is absent or null takes its default.

    Args:
        written: By the names of FIELDS; amounts in major units, as numbers or decimal strings.

    Raises:
        InvalidInput: A field is unknown or not what it should be, or fields contradict each other.
    """
    stated = {name: value for name, value in written.items() if value is not None}
    for name in stated:
        if name not in _BY_NAME:
            near = get_close_matches(name, _BY_NAME, 1)
            hint = f"did you mean {near[0]}?" if near else f"fields are {', '.join(_BY_NAME)}"
            raise InvalidInput(f"{name}: there is no such field; {hint}")
    found = {}
    for name, value in stated.items():
        try:
            found[name] = _BY_NAME[name].read(value)
        except AdtempoError as problem:
            raise InvalidInput(f"{name}: {problem.message}") from None
    if "rule_name" not in found:
        raise InvalidInput("rule_name: is missing; every rule has a name")
    rule = Rule(**found)
    _check_whole(rule, stated)
    return rule


def _check_whole(rule: Rule, stated: Mapping[str, Any]) -> None:
    for lower, upper in itertools.pairwise(_RISING):
        if getattr(rule, lower) > getattr(rule, upper):
            raise InvalidInput(
                f"{lower}: {getattr(rule, lower):g} is above {upper} ({getattr(rule, upper):g}); "
                f"thresholds must rise: {' <= '.join(_RISING)}"
            )
    if rule.multiplier_up > rule.multiplier_aggressive_up:
        raise InvalidInput("multiplier_up: is above multiplier_aggressive_up; the aggressive rise is the larger one")
    amounts = [name for name in ("min_daily_budget", "max_daily_budget", "max_daily_spend_limit") if name in stated]
    for lower, upper in itertools.pairwise(amounts):
        if getattr(rule, lower) > getattr(rule, upper):
            raise InvalidInput(f"{lower}: is above {upper}; lower it, or raise {upper}")
    idle = sorted(OF_TABLE & stated.keys())
    if rule.rows and idle:
        raise InvalidInput(f"{idle[0]}: does nothing in a rule with rows of its own; say it in a row's condition")
    if rule.campaign_id is not None and rule.name_pattern is not None:
        raise InvalidInput("name_pattern: does nothing beside campaign_id; leave one of them out")


def write_rule(rule: Rule) -> dict[str, Any]:
    """Return the fields of a rule as JSON has them; `read_rule` gives the same rule back.

    What a general rule does not use is null.
    """
    written: dict[str, Any] = {}
    for one in fields(rule):
        value = getattr(rule, one.name)
        if one.name == "rows":
            value = [_write_row(row) for row in value]
        elif one.name in AMOUNTS and value is not None:
            value = format_micros(value)
        elif isinstance(value, tuple):
            value = list(value)
        idle = bool(rule.rows) and one.name in OF_TABLE
        written[one.name] = None if idle else value
    return written


def _write_row(row: Row) -> dict[str, Any]:
    multiplier = None if row.action is BudgetAction.PAUSE else row.multiplier
    return {"when": str(row.when), "action": row.action.value, "multiplier": multiplier}


def write_line(row: Mapping[str, Any]) -> str:
    """Return a row of `write_rule` as one line, which is read the same.

    >>> write_line({"when": "roas > 3", "action": "scale_up", "multiplier": 1.2})
    'scale_up 1.2 when roas > 3'
    """
    factor = "" if row["multiplier"] is None else f" {number_text(row['multiplier'])}"
    return f"{row['action']}{factor} when {row['when']}"


def read_rules(text: str, name: str = "rules") -> list[Rule]:
    """Return the rules of a TOML text, in their order.

    Args:
        text: One ``[[rule]]`` table per rule.
        name: What the text is called in messages, such as its file's name.

    Raises:
        InvalidInput: It is not TOML, or has something else in it, or some rules are wrong; the message lists them.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise InvalidInput(f"{name} is not TOML: {problem}") from None
    tables = found.get("rule")
    if set(found) != {"rule"} or not isinstance(tables, list) or not tables:
        raise InvalidInput(f"{name} must hold one or more [[rule]] tables, and nothing else")
    rules, problems, names = [], [], set()
    for number, table in enumerate(tables, start=1):
        called = table.get("rule_name")
        place = f"{name}: rule {number}" + (f" {called!r}" if isinstance(called, str) else "")
        try:
            rule = read_rule(table)
            if rule.rule_name in names:
                raise InvalidInput("rule_name: another rule of this file has the same name")
            names.add(rule.rule_name)
            rules.append(rule)
        except AdtempoError as problem:
            problems.append(f"{place}: {problem.message}")
    if problems:
        more = f"\n... and {len(problems) - PROBLEMS_SHOWN} more" if len(problems) > PROBLEMS_SHOWN else ""
        raise InvalidInput("\n".join(problems[:PROBLEMS_SHOWN]) + more)
    return rules
