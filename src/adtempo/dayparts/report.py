"""Dayparts as the HTTP API and --json give them: amounts as decimal strings, CTR and CVR in percent."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from adtempo.dayparts.analysis import Analysis
from adtempo.dayparts.borrowing import HourPrior
from adtempo.dayparts.comparison import Comparison, PlatformHours
from adtempo.dayparts.decide import Recommendation
from adtempo.dayparts.findings import TIMES_OF_DAY, WEEK_PARTS, Pattern, SlotFigures
from adtempo.dayparts.niches import NICHES
from adtempo.dayparts.proof import Proof
from adtempo.dayparts.run import Standing
from adtempo.dayparts.scheduling import Exported
from adtempo.dayparts.wording import way_text
from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.domain.metrics import Metric, find_metric, plain_value
from adtempo.domain.money import Money, format_micros, minor_decimals
from adtempo.domain.schedules import KeptSchedule, Outlook, WeekPlan

_GAINS = ("uplift", "uplift_low", "uplift_high", "over_usual", "modified", "modified_low", "modified_high")
_VALUES = ("mean", "ewma", "ci_low", "ci_high", "estimate", "estimate_low", "estimate_high")


def analysis_body(found: Analysis) -> dict[str, Any]:
    """Return what is known of a campaign's week."""
    week, metric = found.found, found.metric
    return {
        "analysis_id": found.analysis_id,
        "campaign_id": found.campaign.ref.campaign_id,
        "platform": found.campaign.ref.platform,
        "account_id": found.campaign.ref.account_id,
        "niche": found.niche,
        "metric": metric.name,
        "conversions": found.conversions.value,
        "currency": found.account.currency,
        "timezone": found.account.timezone,
        "lookback_days": found.question.lookback_days,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "as_of": found.as_of.isoformat(),
        "samples": week.samples,
        "mean": plain_value(metric, week.mean),
        "abstained": week.abstained,
        "reason": found.reason,
        "borrowed": week.borrowed,
        "weekly": week.weekly,
        "cells": [
            {**slot_fields(metric, figures), "day_of_week": cell // HOURS_PER_DAY, "hour": cell % HOURS_PER_DAY}
            for cell, figures in enumerate(week.cells)
        ],
        "hours": [{**slot_fields(metric, figures), "hour": hour} for hour, figures in enumerate(week.hours)],
        "days": [{**slot_fields(metric, figures), "day_of_week": day} for day, figures in enumerate(week.days)],
        "week_parts": _named(metric, WEEK_PARTS, week.week_parts),
        "times_of_day": _named(metric, TIMES_OF_DAY, week.times_of_day),
        "peak_hours": list(week.peak_hours),
        "valley_hours": list(week.valley_hours),
        "patterns": [pattern_body(one) for one in week.patterns],
        "recommendations": [recommendation_body(one) for one in found.recommendations],
    }


def slot_fields(metric: Metric, figures: SlotFigures) -> dict[str, Any]:
    """Return the figures of one slot."""
    return {
        "n": figures.n,
        **{name: plain_value(metric, getattr(figures, name)) for name in _VALUES},
        "lift": figures.lift,
        "lift_low": figures.lift_low,
        "lift_high": figures.lift_high,
        "q_value": figures.q_value,
        "label": figures.label.value,
    }


def _named(metric: Metric, names: Sequence[str], slots: Sequence[SlotFigures]) -> list[dict[str, Any]]:
    return [{**slot_fields(metric, one), "name": name} for name, one in zip(names, slots, strict=True)]


def pattern_body(pattern: Pattern) -> dict[str, Any]:
    """Return one pattern."""
    return {
        "type": pattern.kind.value,
        "hours": list(pattern.hours),
        "days": list(pattern.days),
        "lift": pattern.lift,
        "lift_low": pattern.lift_low,
        "lift_high": pattern.lift_high,
        "strength": pattern.strength,
        "consistency": pattern.consistency,
        "confidence": pattern.confidence,
        "q_value": pattern.q_value,
    }


def recommendation_body(one: Recommendation) -> dict[str, Any]:
    """Return one thing to do."""
    return {
        "priority": one.priority.value,
        "action": one.action.value,
        "reason": one.reason,
        "hours": list(one.hours),
        "days": list(one.days),
        "expected_lift": one.expected_lift,
        "lift_low": one.lift_low,
        "lift_high": one.lift_high,
        "expected_gain": one.expected_gain,
        "gain_low": one.gain_low,
        "gain_high": one.gain_high,
    }


def recommendations_body(found: Analysis) -> dict[str, Any]:
    """Return what to do about a campaign's hours."""
    ref = found.campaign.ref
    return {
        "campaign_id": ref.campaign_id,
        "platform": ref.platform,
        "account_id": ref.account_id,
        "analysis_id": found.analysis_id,
        "metric": found.metric.name,
        "abstained": found.found.abstained,
        "reason": found.reason,
        "peak_hours": list(found.found.peak_hours),
        "valley_hours": list(found.found.valley_hours),
        "recommendations": [recommendation_body(one) for one in found.recommendations],
    }


def schedule_body(kept: KeptSchedule) -> dict[str, Any]:
    """Return one schedule."""
    return {
        "schedule_id": kept.schedule_id,
        "version": kept.version,
        "campaign_id": kept.campaign.campaign_id,
        "platform": kept.campaign.platform,
        "account_id": kept.campaign.account_id,
        "analysis_id": kept.analysis_id,
        "strategy": kept.strategy.value,
        "timezone": kept.timezone,
        **plan_fields(kept.plan),
        "reason": kept.reason,
        "prediction": outlook_body(kept.outlook),
        "made_at": kept.made_at.isoformat(),
        "actor": kept.actor,
    }


def plan_fields(plan: WeekPlan) -> dict[str, Any]:
    """Return the budgets of hours; `week` only where weekdays differ."""
    hours = zip(plan.day, plan.day_budgets(), strict=True)
    return {
        "total_daily_budget": _amount(plan.total, plan),
        "currency": plan.total.currency,
        "flat": plan.flat,
        "hours": [
            {"hour": hour, "multiplier": multiplier, "budget": _amount(budget, plan)}
            for hour, (multiplier, budget) in enumerate(hours)
        ],
        "week": None
        if plan.week is None
        else [
            {
                "hour": cell % HOURS_PER_DAY,
                "multiplier": multiplier,
                "budget": _amount(budget, plan),
                "day_of_week": cell // HOURS_PER_DAY,
            }
            for cell, (multiplier, budget) in enumerate(zip(plan.week, plan.week_budgets(), strict=True))
        ],
    }


def _amount(amount: Money, plan: WeekPlan) -> str:
    return format_micros(amount.micros, max(2, minor_decimals(amount.currency, plan.platform)))


def outlook_body(outlook: Outlook | None) -> dict[str, Any] | None:
    """Return what a schedule is expected to come to."""
    if outlook is None:
        return None
    metric = find_metric(outlook.metric)
    return {
        "metric": outlook.metric,
        **{name: plain_value(metric, getattr(outlook, name)) for name in ("expected", "low", "high")},
        **{name: getattr(outlook, name) for name in _GAINS},
        "run_as": outlook.way.value,
        "advice": way_text(outlook),
    }


def schedules_body(kept: Sequence[KeptSchedule]) -> dict[str, Any]:
    """Return schedules."""
    return {"schedules": [schedule_body(one) for one in kept]}


def unified_body(kept: Sequence[KeptSchedule]) -> dict[str, Any]:
    """Return the schedules of one plan, and what they come to together in each hour of the local day."""
    totals = [sum(one.plan.day_budgets()[hour].micros for one in kept) for hour in range(HOURS_PER_DAY)]
    decimals = max(2, *(minor_decimals(one.plan.total.currency, one.plan.platform) for one in kept))
    return {
        "total_daily_budget": format_micros(sum(one.plan.total.micros for one in kept), decimals),
        "currency": kept[0].plan.total.currency,
        "timezones": sorted({one.timezone for one in kept}),
        "hours": [{"hour": hour, "budget": format_micros(total, decimals)} for hour, total in enumerate(totals)],
        "schedules": [schedule_body(one) for one in kept],
    }


def exported_body(done: Exported) -> dict[str, Any]:
    """Return a schedule in a platform's form."""
    return {
        "schedule_id": done.schedule.schedule_id,
        "export": done.export.name,
        "media_type": done.export.media_type,
        "lost_share": done.lost_share,
        "statement": done.statement,
        "text": done.text,
    }


def proof_body(proof: Proof) -> dict[str, Any]:
    """Return the proof of a schedule: its plan, and what has come so far."""
    plan, result = proof.plan, proof.result
    return {
        "schedule_id": proof.schedule.schedule_id,
        "campaign_id": proof.schedule.campaign.campaign_id,
        "platform": proof.schedule.campaign.platform,
        "account_id": proof.schedule.campaign.account_id,
        "metric": proof.metric.name,
        "expected_gain": plan.effect,
        "weekly_deviation": plan.deviation,
        "pairs": plan.pairs,
        "power": plan.power,
        "detectable_gain": plan.detectable,
        "weeks": [
            {
                "monday": one.monday.isoformat(),
                "with_schedule": one.with_schedule,
                "value": plain_value(proof.metric, one.value),
            }
            for one in proof.weeks
        ],
        "result": None
        if result is None
        else {
            "pairs": result.pairs,
            "gain": result.effect,
            "gain_low": result.low,
            "gain_high": result.high,
            "p_value": result.p_value,
            "shown": result.shown,
        },
        "statement": proof.statement,
    }


def comparison_body(compared: Comparison, left_out: Sequence[Analysis]) -> dict[str, Any]:
    """Return platforms side by side."""
    return {
        "metric": compared.metric.name,
        "platforms": [_platform_body(compared.metric, one) for one in compared.platforms],
        "best": [{"hour": hour, "platform": name} for hour, name in enumerate(compared.best)],
        "left_out": [
            {
                "campaign_id": one.campaign.ref.campaign_id,
                "platform": one.campaign.ref.platform,
                "reason": " ".join(one.notes) or one.reason,
            }
            for one in left_out
        ],
    }


def _platform_body(metric: Metric, side: PlatformHours) -> dict[str, Any]:
    def plain(value: float) -> str | float | None:
        return plain_value(metric, None if isnan(value) else float(value))

    columns = zip(side.values.tolist(), side.low.tolist(), side.high.tolist(), strict=True)
    return {
        "platform": side.platform,
        "campaigns": side.campaigns,
        "value": plain_value(metric, side.overall),
        "hours": [
            {"hour": hour, "value": plain(value), "low": plain(low), "high": plain(high)}
            for hour, (value, low, high) in enumerate(columns)
        ],
    }


def niche_body(niche: str, metric: str, prior: HourPrior | None) -> dict[str, Any]:
    """Return what a new campaign of a niche may expect of its hours: never a figure of one account across clients."""
    lifts = [] if prior is None else (prior.root**2).tolist()
    return {
        "niche": niche,
        "words": NICHES.get(niche, "").split(),
        "metric": metric,
        "accounts": 0 if prior is None else prior.accounts,
        "hours": [{"hour": hour, "lift": lift} for hour, lift in enumerate(lifts)],
    }


def standing_body(standing: Standing) -> dict[str, Any]:
    """Return what is kept of dayparts."""
    return {
        "status": "ok",
        "analyses": standing.analyses,
        "schedules": standing.schedules,
        "last_analysis": None if standing.last_analysis is None else standing.last_analysis.isoformat(),
    }
