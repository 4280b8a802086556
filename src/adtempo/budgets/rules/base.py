"""What a budget rule is: where it applies, what its rows ask for, and the limits that it is under."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from adtempo.budgets.rules.conditions import Condition, windows_of
from adtempo.domain.accounts import AccountRef
from adtempo.domain.budgets import MOST_SEVERE_FIRST, Basis
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput
from adtempo.domain.money import MICROS, minor_unit_micros
from adtempo.domain.proposals import BudgetAction


class Over(StrEnum):
    """Whose figures a rule reads; whatever it is, the rule acts on each campaign."""

    CAMPAIGN = "campaign"
    AD_GROUP = "ad_group"  # every ad group of the campaign that was shown: a row holds where it does for each of them
    LABEL = "label"  # all campaigns of the account with the same label
    NICHE = "niche"  # all campaigns of the account in the same niche
    PLATFORM = "platform"  # all campaigns of the account


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a rule: when this holds, that is asked for.

    Attributes:
        action: What is asked for.
        when: The condition.
        multiplier: What the budget is multiplied by; 1 for a pause.
        headline: How the reason begins.
        ending: How it ends.
    """

    action: BudgetAction
    when: Condition
    multiplier: float = 1.0
    headline: str = ""
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as people write it; amounts in micros of the currency of the account that it is held against.

    Attributes:
        rule_name: What people call it.
        account_id: Its account, by id or platform:account; None for every account.
        campaign_id: Its campaign, by id or platform:account:campaign; None for every campaign.
        enabled: Whether it counts.
        currency: The currency that its amounts are written in; None for that of whatever account it meets.
        roas_scale_up_aggressive: Above this, with the click-through rate below, the budget rises a lot.
        roas_scale_up: Above this it rises.
        roas_scale_down: Below this it falls.
        roas_pause: Below this the campaign stops.
        ctr_aggressive: Click-through rate in percent, above which a large rise is allowed.
        multiplier_aggressive_up: Factor of a large rise.
        multiplier_up: Factor of a rise.
        multiplier_down: Factor of a fall.
        min_impressions: With fewer in the window nothing is done.
        window_hours: Over which hours the figures are read.
        max_daily_budget: No budget is raised above it; None for the default in the account's currency, as all below.
        min_daily_budget: No budget is lowered below it.
        max_daily_spend_limit: The account's budgets together stay within it.
        require_approval_threshold: A person must approve a budget above it.
        auto_approve_up_to: A person must approve a rise by more than it.
        cooldown_hours: From one change of a campaign to the next.
        max_changes_per_day: Of one campaign in 24 hours.
        max_change_per_day: Largest factor by which a budget moves in 24 hours, up or down.
        basis: Which figures the rule reads.
        confidence: How probable a condition must be on the expected basis.
        target_roas: Neither raised below it nor cut at or above it.
        target_cpa: Neither raised above it nor cut at or below it.
        label: Only campaigns with this label.
        name_pattern: Only campaigns whose name fits, * standing for anything.
        over: Whose figures are read.
        rows: What a general rule asks for; empty for the table of thresholds above.
        quiet_hours: Local hours of the day in which nothing is changed.
    """

    rule_name: str
    account_id: str | None = None
    campaign_id: str | None = None
    enabled: bool = True
    currency: str | None = None
    roas_scale_up_aggressive: float = 4.0
    roas_scale_up: float = 3.0
    roas_scale_down: float = 1.5
    roas_pause: float = 1.0
    ctr_aggressive: float = 3.0
    multiplier_aggressive_up: float = 1.5
    multiplier_up: float = 1.2
    multiplier_down: float = 0.7
    min_impressions: int = 1000
    window_hours: int = 24
    max_daily_budget: int | None = None
    min_daily_budget: int | None = None
    max_daily_spend_limit: int | None = None
    require_approval_threshold: int | None = None
    auto_approve_up_to: int | None = None
    cooldown_hours: float = 6.0
    max_changes_per_day: int = 3
    max_change_per_day: float = 1.5
    basis: Basis = Basis.EXPECTED
    confidence: float = 0.8
    target_roas: float | None = None
    target_cpa: int | None = None
    label: str | None = None
    name_pattern: str | None = None
    over: Over = Over.CAMPAIGN
    rows: tuple[Row, ...] = ()
    quiet_hours: tuple[int, ...] = ()


DEFAULT_RULE = Rule("default")
"""The shipped rule: every campaign without another one is held against it."""

DEFAULT_AMOUNTS: Mapping[str, int] = MappingProxyType(
    {
        "max_daily_budget": 1_000,
        "min_daily_budget": 10,
        "max_daily_spend_limit": 5_000,
        "require_approval_threshold": 500,
        "auto_approve_up_to": 100,
    }
)
"""What an amount is that nobody wrote, in US dollars."""

PER_DOLLAR: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys("USD EUR GBP CHF KWD BHD OMR JOD".split(), 1),
        **dict.fromkeys("CAD AUD NZD SGD BND".split(), 1.5),
        **dict.fromkeys("AED SAR QAR PLN MYR ILS BRL PEN RON GEL BGN".split(), 4),
        **dict.fromkeys("CNY HKD SEK NOK DKK BOB GTQ".split(), 8),
        **dict.fromkeys("MXN ZAR CZK TRY MAD UAH THB TWD".split(), 25),
        **dict.fromkeys("PHP EGP INR BDT KES NPR DOP UYU".split(), 80),
        **dict.fromkeys("JPY ISK PKR LKR RSD DZD HUF".split(), 200),
        **dict.fromkeys("KRW CLP ARS NGN CRC KZT".split(), 1_200),
        **dict.fromkeys("COP UGX TZS".split(), 4_000),
        **dict.fromkeys("IDR VND PYG".split(), 16_000),
    }
)
"""How many of a currency the default amounts take for one US dollar: coarse on purpose, so that it never needs news."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of a rule in one account's currency, every one of them stated; micros."""

    max_daily_budget: int
    min_daily_budget: int
    max_daily_spend_limit: int
    require_approval_threshold: int
    auto_approve_up_to: int


def default_amount(name: str, currency: str) -> int:
    """Return a default amount in a currency, micros.

    Raises:
        InvalidInput: The table does not know the currency.
    """
    rate = PER_DOLLAR.get(currency)
    if rate is None:
        raise InvalidInput(
            f"there is no default {name} in {currency}; state {', '.join(DEFAULT_AMOUNTS)} in the rule itself"
        )
    return round(DEFAULT_AMOUNTS[name] * rate) * MICROS


def amounts_in(rule: Rule, currency: str) -> Amounts:
    """Return what a rule's amounts are for an account of a currency; those that nobody wrote take their defaults.

    A default follows what is written where they would contradict each other: who allows budgets up to 8,000 a day means
    an account that may spend as much.

    Raises:
        InvalidInput: The rule is written in another currency, the table of defaults does not know this one, or what is
            written contradicts itself.
    """
    if rule.currency not in (None, currency):
        raise InvalidInput(
            f"rule {rule.rule_name!r} is written in {rule.currency}, the account counts in {currency}; write its "
            f"amounts in {currency}"
        )
    stated = {name: getattr(rule, name) for name in DEFAULT_AMOUNTS}
    found = {name: default_amount(name, currency) if given is None else given for name, given in stated.items()}
    if stated["max_daily_budget"] is None:
        found["max_daily_budget"] = max(found["max_daily_budget"], found["min_daily_budget"])
        if stated["max_daily_spend_limit"] is not None:
            found["max_daily_budget"] = min(found["max_daily_budget"], found["max_daily_spend_limit"])
    if stated["min_daily_budget"] is None:
        found["min_daily_budget"] = min(found["min_daily_budget"], found["max_daily_budget"])
    if stated["max_daily_spend_limit"] is None:
        found["max_daily_spend_limit"] = max(found["max_daily_spend_limit"], found["max_daily_budget"])
    names = ("min_daily_budget", "max_daily_budget", "max_daily_spend_limit")
    for lower, upper in itertools.pairwise(names):
        if found[lower] > found[upper]:
            raise InvalidInput(f"rule {rule.rule_name!r}: {lower} is above {upper}; they must rise")
    if found["min_daily_budget"] < minor_unit_micros(currency):
        raise InvalidInput(f"rule {rule.rule_name!r}: min_daily_budget must be an amount that {currency} can pay")
    return Amounts(**found)


def applies_to(rule: Rule, campaign: Campaign, account: AccountRef, currency: str) -> bool:
    """Say whether a rule is meant for a campaign; one that names it, or its account, must be in its currency."""
    return (
        rule.account_id in (None, account.account_id, str(account))
        and rule.campaign_id in (None, campaign.ref.campaign_id, str(campaign.ref))
        and (rule.currency in (None, currency) or reach_of(rule) > 0)
        and rule.label in (None, campaign.label)
        and (rule.name_pattern is None or fnmatchcase((campaign.name or "").lower(), rule.name_pattern.lower()))
    )


def reach_of(rule: Rule) -> int:
    """Return how narrow a rule is: a campaign's own beats its account's, which beats one for everybody."""
    if rule.campaign_id is not None:
        return 2
    return 1 if rule.account_id is not None else 0


def shown_over(rule: Rule) -> Over:
    """Return whose figures are shown for those that a rule reads: a campaign's own where it reads its ad groups."""
    return Over.CAMPAIGN if rule.over is Over.AD_GROUP else rule.over


def windows_in(rule: Rule, rows: tuple[Row, ...]) -> set[int]:
    """Return the windows in hours that a rule reads; impressions are counted over its own."""
    return {rule.window_hours}.union(*(windows_of(row.when, rule.window_hours) for row in rows))


def most_severe_first(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return rows in the order in which they win; rows of one action stay as they were written."""
    return tuple(sorted(rows, key=lambda row: MOST_SEVERE_FIRST.index(row.action)))
