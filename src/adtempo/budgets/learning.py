"""At which hours campaigns work: learnt from what dayparts found, and made into a day's plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adtempo.budgets.hours import HourlyPlan, multipliers_of, plan_day
from adtempo.domain.budgets import HourProfile
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.money import Money, format_micros, parse_micros
from adtempo.store import budgets as stored
from adtempo.store.accounts import find_campaign, load_account, load_campaigns
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class CampaignHours:
    """A campaign's hours and the plans made of them.

    Attributes:
        profile: What was learnt.
        plans: One for every day, or seven where weekdays differ, Monday first.
    """

    profile: HourProfile
    plans: tuple[HourlyPlan, ...]


def keep_profiles(workspace: Workspace, profiles: Sequence[HourProfile]) -> None:
    """Keep what was learnt."""
    with transaction(workspace.engine) as connection:
        stored.insert_profiles(connection, profiles)


def load_profile(workspace: Workspace, campaign: str) -> HourProfile:
    """Return what was last learnt of a campaign's hours.

    Raises:
        NotFound: There is no such campaign, or nothing was learnt of it.
    """
    with reading(workspace.engine) as connection:
        ref = find_campaign(connection, campaign)
        found = stored.load_profile(connection, ref, at=workspace.now())
    if found is None:
        raise NotFound(f"nothing was learnt of the hours of {ref}; learn them: adtempo budgets hours learn")
    return found


def load_hours(workspace: Workspace, campaign: str, *, daily_budget: str | None = None) -> CampaignHours:
    """Return a campaign's hours with a plan for its daily budget; without a pattern the plan is flat.

    Args:
        workspace: What is open.
        campaign: Its id, or platform:account:campaign.
        daily_budget: In major units; None for its own.

    Raises:
        NotFound: There is no such campaign, or nothing was learnt of it.
        InvalidInput: No daily budget is known, or it is too small to share out.
    """
    profile = load_profile(workspace, campaign)
    ref = profile.campaign
    with reading(workspace.engine) as connection:
        account = load_account(connection, ref.account)
        known = {one.ref: one for one in load_campaigns(connection, at=workspace.now(), within=[ref.account])}
    micros = known[ref].budget_daily_micros if daily_budget is None else parse_micros(daily_budget)
    if micros is None:
        raise InvalidInput(f"no daily budget of {ref} is known; state one")
    total = Money(micros, account.currency)
    days = _days_of(profile)
    return CampaignHours(profile, tuple(plan_day(total, hours, ref.platform) for hours in days))


def _days_of(profile: HourProfile) -> list[tuple[float, ...]]:
    """Return the multipliers of a day, or of each weekday where these differ."""
    if not profile.multipliers:
        return [multipliers_of(profile.peaks, profile.valleys)]
    days = [profile.multipliers[start : start + HOURS_PER_DAY] for start in range(0, HOURS_PER_WEEK, HOURS_PER_DAY)]
    return days[:1] if len(set(days)) == 1 else days


def profile_body(profile: HourProfile) -> dict[str, Any]:
    """Return what was learnt of a campaign's hours."""
    return {
        "campaign_id": profile.campaign.campaign_id,
        "platform": profile.campaign.platform,
        "account_id": profile.campaign.account_id,
        "learnt_at": profile.learnt_at.isoformat(),
        "samples": profile.samples,
        "confidence": profile.confidence,
        "peak_hours": list(profile.peaks),
        "valley_hours": list(profile.valleys),
        "multipliers": list(profile.multipliers),
        "reason": profile.reason,
    }


def profiles_body(profiles: Sequence[HourProfile]) -> dict[str, Any]:
    """Return what was learnt of many campaigns."""
    return {"learnt": len(profiles), "profiles": [profile_body(one) for one in profiles]}


def hours_body(found: CampaignHours) -> dict[str, Any]:
    """Return a campaign's hours and plans; one plan is for every day, seven are Monday to Sunday."""
    days = ["every day"] if len(found.plans) == 1 else list(WEEKDAYS)
    return {
        **profile_body(found.profile),
        "schedule": [_plan_body(day, plan) for day, plan in zip(days, found.plans, strict=True)],
    }


def _plan_body(day: str, plan: HourlyPlan) -> dict[str, Any]:
    return {
        "day": day,
        "daily_budget": format_micros(plan.total.micros),
        "currency": plan.total.currency,
        "hourly_budgets": [format_micros(amount.micros) for amount in plan.hourly],
        "edits": [{"hour": edit.hour, "daily_budget": format_micros(edit.daily_budget.micros)} for edit in plan.edits],
        "delivered": [format_micros(amount.micros) for amount in plan.delivered],
        "note": plan.note,
    }
