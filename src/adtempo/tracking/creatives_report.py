"""Creatives for machines: one body for the API and for --json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adtempo.domain.metrics import SPEND, Metric, plain_value
from adtempo.tracking.creatives import CreativeFatigue, CreativeFigures, RankedCreative, RateFall
from adtempo.tracking.report import figures_body


def creatives_body(found: Sequence[CreativeFigures]) -> dict[str, Any]:
    """Return what creatives did."""
    return {"creatives": [_who(one) | figures_body(one.figures) for one in found]}


def top_body(found: Sequence[RankedCreative], metric: Metric) -> dict[str, Any]:
    """Return a ranking; amounts are decimal strings."""
    return {
        "metric": metric.name,
        "creatives": [
            _who(one.creative)
            | {"impressions": one.creative.figures.impressions, "clicks": one.creative.figures.clicks}
            | {name: plain_value(metric, getattr(one, name)) for name in ("raw", "expected", "low95", "high95")}
            for one in found
        ],
    }


def fatigue_body(found: Sequence[CreativeFatigue]) -> dict[str, Any]:
    """Return how worn out creatives are, the most tired first."""
    return {"creatives": [_fatigue(one) for one in found]}


def _who(one: CreativeFigures) -> dict[str, Any]:
    campaign = one.creative.campaign
    return {
        "creative_id": one.creative.creative_id,
        "platform": campaign.platform,
        "account_id": campaign.account_id,
        "campaign_id": campaign.campaign_id,
        "currency": one.currency,
        "first_day": one.first_day.isoformat(),
        "last_day": one.last_day.isoformat(),
    }


def _fatigue(one: CreativeFatigue) -> dict[str, Any]:
    return _who(one.creative) | {
        "fatigued": one.fatigued,
        "fatigue_score": _short(one.fatigue_score),
        "recommendation": str(one.recommendation),
        "reason": one.reason,
        "ctr": _rate(one.ctr),
        "cvr": _rate(one.cvr),
        "siblings_fall": _short(one.siblings_fall),
        "frequency": _short(one.frequency),
        "impressions_daily": _short(one.impressions_daily),
        "clicks_lost_daily": _short(one.clicks_lost_daily),
        "loss_daily": plain_value(SPEND, one.loss_daily_micros),
        "loss_basis": one.loss_basis,
    }


def _rate(rate: RateFall) -> dict[str, float | None]:
    return {name: _short(getattr(rate, name)) for name in ("score", "probability", "healthy", "fall")}


def _short(estimate: float | None) -> float | None:
    """Round what is only estimated: further digits say nothing."""
    return None if estimate is None else round(estimate, 4)
