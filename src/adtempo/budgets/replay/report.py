"""A replay as people read it: sentences that can be signed, and the figures behind them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from adtempo.budgets.replay.course import Course, Fired
from adtempo.budgets.replay.outcome import JUDGED_DAYS, Likely, Money, Pauses
from adtempo.budgets.replay.run import DRAWS, Replayed
from adtempo.domain.money import format_micros
from adtempo.domain.proposals import BudgetAction

_NAMES = {"rules": "These rules", "against": "The other rules"}
_WORDS = {
    BudgetAction.SCALE_UP_AGGRESSIVE: "large rise",
    BudgetAction.SCALE_UP: "rise",
    BudgetAction.SCALE_DOWN: "cut",
    BudgetAction.PAUSE: "pause",
}


def replay_body(done: Replayed) -> dict[str, Any]:
    """Return a replay as the HTTP API and --json give it."""
    asked = done.asked
    return {
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "hours": done.hours,
        "campaigns": done.campaigns,
        "account": asked.account,
        "feedback": done.feedback,
        "seed": asked.seed,
        "sentences": sentences(done),
        "nothing": [_nothing_body(one) for one in done.nothing],
        "courses": [
            _course_body(course, money, pauses)
            for course, money, pauses in zip(done.courses, done.money, done.pauses, strict=True)
        ],
    }


def sentences(done: Replayed) -> list[str]:
    """Say what would have happened, how sure that is, and how it compares with doing nothing."""
    said = []
    for course, money, pauses in zip(done.courses, done.money, done.pauses, strict=True):
        said.append(_changes(course, done))
        said += _pauses(pauses)
        said += [_money(one, nothing) for one, nothing in zip(money, done.nothing, strict=True)]
    if done.feedback:
        said.append(
            "What other budgets would have brought is estimated: each campaign's returns diminish as its own clicks "
            f"followed its spend, drawn towards its account's; intervals are of {DRAWS} worlds drawn with seed "
            f"{done.asked.seed}."
        )
    else:
        said.append(
            "No campaign has two weeks with spend, so nothing is known of what other budgets bring: the figures are "
            "as they really were, and no money is compared."
        )
    said.append(
        "Doing nothing is what really happened, with what people and other tools changed at the time; where they set "
        "a budget, the replay holds it too. A change that a person must approve is taken as approved."
    )
    return said


def _changes(course: Course, done: Replayed) -> str:
    fired = course.fired
    span = f"from {done.asked.since} to {done.asked.until}"
    if not fired:
        return f"{_NAMES[course.name]} would have changed nothing {span}."
    counts = Counter(_WORDS[one.action] for one in fired)
    kinds = ", ".join(_counted(count, word) for word, count in counts.most_common())
    touched = len({one.campaign for one in fired})
    asked = sum(one.asked for one in fired)
    waiting = f"; a person would have been asked about {asked} of them" if asked else ""
    made = f"{_NAMES[course.name]} would have made {_counted(len(fired), 'change')}"
    return f"{made} to {touched} of {_counted(done.campaigns, 'campaign')} {span}: {kinds}{waiting}."


def _pauses(pauses: Pauses) -> list[str]:
    if not pauses.made:
        return []
    unknown = pauses.made - pauses.judged
    later = f"; of {unknown} that is not known" if unknown else ""
    hit = f"{pauses.met_target} hit campaigns that met their target in the {JUDGED_DAYS} days after"
    return [f"Of {_counted(pauses.made, 'pause')}, {hit}, when they really ran on{later}."]


def _money(money: Money, nothing: Money) -> str:
    if money.better is None:
        return f"In {money.currency} nothing would have come out differently: {_amount(nothing.spend)} spent."
    more = money.more_net
    verdict = "better" if more.value > 0 else "worse"
    chance = money.better if more.value > 0 else 1 - money.better
    return (
        f"In {money.currency} they would have spent {_amount(money.spend)} instead of {_amount(nothing.spend)} and "
        f"brought {_amount(money.value.value)} (95%: {_amount(money.value.low95)} to {_amount(money.value.high95)}) "
        f"instead of {_amount(nothing.value.value)}; net of spend {_signed(more.value)} (95%: {_signed(more.low95)} to "
        f"{_signed(more.high95)}), {verdict} than doing nothing in {chance:.0%} of worlds."
    )


def _course_body(course: Course, money: list[Money], pauses: Pauses) -> dict[str, Any]:
    counts = Counter(one.action.value for one in course.fired)
    return {
        "name": course.name,
        "changes": len(course.fired),
        "actions": dict(counts),
        "asked": sum(one.asked for one in course.fired),
        "vetoes": dict(course.vetoes),
        "rested": course.rested,
        "pauses": {"made": pauses.made, "judged": pauses.judged, "met_target": pauses.met_target},
        "money": [_money_body(one) for one in money],
        "fired": [_fired_body(one) for one in course.fired],
    }


def _nothing_body(money: Money) -> dict[str, Any]:
    return {
        "currency": money.currency,
        "spend": _amount(money.spend),
        "value": _likely_body(money.value),
        "net": _likely_body(money.net),
    }


def _money_body(money: Money) -> dict[str, Any]:
    return _nothing_body(money) | {
        "more_spend": _amount(money.more_spend),
        "more_value": _likely_body(money.more_value),
        "more_net": _likely_body(money.more_net),
        "better_ratio": money.better,
        "more_net_by_day": [
            {"value": _amount(value), "low95": _amount(low), "high95": _amount(high)}
            for low, value, high in money.net_by_day.T.tolist()
        ],
    }


def _fired_body(one: Fired) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "campaign_id": one.campaign.campaign_id,
        "campaign": str(one.campaign),
        "rule": one.rule,
        "action": one.action.value,
        "old_budget": format_micros(one.prior.budget_daily_micros),
        "new_budget": format_micros(0 if one.action is BudgetAction.PAUSE else one.target.budget_daily_micros),
        "currency": one.currency,
        "asked": one.asked,
        "reason": one.reason,
    }


def _likely_body(figure: Likely) -> dict[str, str]:
    return {name: _amount(getattr(figure, name)) for name in Likely.__dataclass_fields__}


def _amount(amount: float) -> str:
    return format_micros(round(amount * 100) * 10_000, 2)


def _signed(amount: float) -> str:
    return f"{'+' if amount >= 0 else ''}{_amount(amount)}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
