"""Good rows of the tables of budgets, and what the database must refuse in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

T = datetime(2026, 3, 4, 12, tzinfo=UTC)
CAMPAIGN = {"platform": "meta", "account_id": "1", "campaign_id": "c"}

GOOD: dict[str, dict[str, Any]] = {
    "scaling_rules": {
        "rule_id": 1,
        "version": 1,
        "rule_name": "default",
        "fields": {},
        "enabled": True,
        "position": 1,
        "deleted": False,
        "made_at": T,
        "actor": "ann",
    },
    "scaling_evaluations": {
        **CAMPAIGN,
        "window_start": T,
        "run": "r",
        "evaluated_at": T,
        "batch": 1,
        "rule_name": "default",
        "basis": "expected",
        "action": "maintain",
        "on_reported": "maintain",
        "currency": "EUR",
        "requires_approval": False,
        "reason": "x",
        "missing": "",
        "would_change": "",
        "read_over": "the last 24 hours",
        "metrics": {},
        "expected": {},
        "judgements": [],
        "vetoes": [],
    },
    "campaign_performance_snapshots": {**CAMPAIGN, "window_start": T, "batch": 1, "hours": 24},
    "optimal_hour_profiles": {
        **CAMPAIGN,
        "learnt_at": T,
        "samples": 0,
        "confidence": 0.5,
        "peaks": [],
        "valleys": [],
        "multipliers": [],
        "reason": "",
    },
}

VIOLATIONS: dict[str, list[dict[str, Any]]] = {
    "ck_scaling_rules_numbered": [{"rule_id": 0}, {"version": 0}, {"position": 0}],
    "ck_scaling_rules_stated": [{"rule_name": ""}, {"actor": ""}],
    "uq_scaling_evaluations_window": [{"id": 7}],
    "ck_scaling_evaluations_basis_known": [{"basis": "hoped"}],
    "ck_scaling_evaluations_action_known": [{"action": "delete"}],
    "ck_scaling_evaluations_old_budget_amount": [{"old_budget_micros": 0}],
    "ck_scaling_evaluations_new_budget_amount": [{"new_budget_micros": -1}],
    "ck_scaling_evaluations_explained": [{"reason": ""}, {"rule_name": ""}, {"run": ""}],
    "ck_scaling_evaluations_in_its_window": [{"evaluated_at": T - timedelta(hours=1)}],
    "ck_scaling_evaluations_rule_versioned": [{"rule_id": 1}, {"rule_version": 1}],
    "ck_campaign_performance_snapshots_some_hours": [{"hours": 0}],
    "ck_optimal_hour_profiles_confidence_share": [{"confidence": -0.1}, {"confidence": 1.1}],
    "ck_optimal_hour_profiles_samples_counted": [{"samples": -1}],
}

BROKEN_REFERENCES: dict[str, dict[str, Any]] = {
    "scaling_evaluations": {"campaign_id": "none"},
    "campaign_performance_snapshots": {"campaign_id": "none"},
    "optimal_hour_profiles": {"campaign_id": "none"},
}
