"""Good rows, violations and broken references of the tables of dayparts, for test_store_constraints."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

T = datetime(2026, 3, 4, 12, tzinfo=UTC)
CAMPAIGN = {"platform": "meta", "account_id": "1", "campaign_id": "c"}

GOOD: dict[str, dict[str, Any]] = {
    "daypart_analyses": {
        "analysis_id": "a",
        **CAMPAIGN,
        "metric": "roas",
        "since": date(2026, 2, 2),
        "until": date(2026, 3, 3),
        "lookback_days": 30,
        "min_samples": 100,
        "samples": 720,
        "abstained": False,
        "reason": "",
        "peak_hours": [18],
        "valley_hours": [],
        "as_of": T,
        "batch": 1,
    },
    "daypart_patterns": {
        "analysis_id": "a",
        "position": 0,
        **CAMPAIGN,
        "type": "peak",
        "hours": [18],
        "days": [0],
        "lift": 1.5,
        "strength": 0.9,
        "confidence": 0.99,
        "q_value": 0.01,
        "found_at": T,
    },
    "daypart_schedules": {
        "schedule_id": "s",
        "version": 1,
        **CAMPAIGN,
        "analysis_id": "a",
        "strategy": "balanced",
        "total_daily_budget_micros": 1,
        "currency": "EUR",
        "timezone": "UTC",
        "multipliers": [],
        "basis": {},
        "made_at": T,
        "actor": "ann",
    },
}

PARENTS = ("daypart_analyses",)

VIOLATIONS: dict[str, list[dict[str, Any]]] = {
    "ck_daypart_analyses_stated": [{"analysis_id": ""}, {"analysis_id": "b", "metric": ""}],
    "ck_daypart_analyses_window_forward": [{"analysis_id": "b", "until": date(2026, 2, 1)}],
    "ck_daypart_analyses_counted": [
        {"analysis_id": "b", "lookback_days": 0},
        {"analysis_id": "b", "min_samples": 0},
        {"analysis_id": "b", "samples": -1},
    ],
    "ck_daypart_analyses_batch_counted": [{"analysis_id": "b", "batch": -1}],
    "ck_daypart_patterns_position_counted": [{"position": -1}],
    "ck_daypart_patterns_type_known": [{"type": "plateau"}],
    "ck_daypart_patterns_lift_finite": [{"lift": -0.1}, {"lift": 1e9}],
    "ck_daypart_patterns_strength_share": [{"strength": 1.1}, {"strength": -0.1}],
    "ck_daypart_patterns_confidence_share": [{"confidence": 1.1}, {"confidence": -0.1}],
    "ck_daypart_patterns_q_value_share": [{"q_value": 1.1}, {"q_value": -0.1}],
    "ck_daypart_schedules_stated": [{"schedule_id": ""}, {"actor": ""}, {"timezone": ""}],
    "ck_daypart_schedules_version_counted": [{"version": 0}],
    "ck_daypart_schedules_strategy_known": [{"strategy": "wild"}],
    "ck_daypart_schedules_budget_positive": [{"total_daily_budget_micros": 0}],
    "ck_daypart_schedules_currency_coded": [{"currency": "eur"}, {"currency": "EURO"}],
    "uq_daypart_schedules_version": [{"schedule_id": "t"}],
}

BROKEN_REFERENCES: dict[str, dict[str, Any]] = {
    "daypart_analyses": {"analysis_id": "b", "campaign_id": "none"},
    "daypart_patterns": {"analysis_id": "none"},
    "daypart_schedules": {"analysis_id": "none"},
}
