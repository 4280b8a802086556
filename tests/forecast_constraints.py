"""Good rows and violations of the tables of forecasts, for test_store_constraints."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

T = datetime(2026, 3, 4, 12, tzinfo=UTC)
SUBJECT: dict[str, Any] = {"level": "channel", "name": "meta", "currency": "EUR", "made_at": T}
DAY = date(2026, 3, 3)

GOOD: dict[str, dict[str, Any]] = {
    "ml_roi_forecast": {**SUBJECT, "days": 7, "since": DAY, "until": DAY, "model": "", "note": ""},
    "ml_roi_timeseries": {**SUBJECT, "day_local": DAY, "horizon_days": 0},
    "ml_reach_ctr_timeseries": {**SUBJECT, "day_local": DAY, "horizon_days": 0, "measure": "reach"},
    "ml_budget_recommendation": {
        **SUBJECT,
        "channel": "meta",
        "title": "meta",
        "since": DAY,
        "until": DAY,
        "today_micros": 5,
        "proposed_micros": 6,
        "lowest_micros": 4,
        "highest_micros": 7,
        "next_micros": 0,
        "extrapolates": False,
        "sentence": "",
        "note": "",
    },
    "forecast_runs": {
        "currency": "EUR",
        "made_at": T,
        "batch": 1,
        "digest": "a",
        "facts_until": DAY,
        "models_chosen_on": DAY,
        "series": {},
        "failures": {},
    },
}

FANS = {
    "ml_roi_forecast": ("spend_micros", "value_micros", "roi"),
    "ml_roi_timeseries": ("roi", "conversions"),
    "ml_reach_ctr_timeseries": ("audience", "ctr"),
    "ml_budget_recommendation": (
        *("next_return", "value_today_micros", "value_proposed_micros", "gain_micros", "gain_over_equal_micros"),
    ),
}


def _not_rising(fan: str) -> list[dict[str, Any]]:
    ends = {f"{fan}_low95": 0.0, f"{fan}_low80": 1.0, fan: 2.0, f"{fan}_high80": 3.0, f"{fan}_high95": 4.0}
    return [{**ends, fan: 5.0}, {**ends, f"{fan}_high95": 1e18}, {**ends, fan: None}]


VIOLATIONS: dict[str, list[dict[str, Any]]] = {
    **{f"ck_{table}_{fan}_rising": _not_rising(fan) for table, fans in FANS.items() for fan in fans},
    **{f"ck_{table}_level_known": [{"level": "ad"}] for table in FANS},
    **{f"ck_{table}_named": [{"level": "total"}, {"name": ""}] for table in FANS},
    **{f"ck_{table}_currency_coded": [{"currency": "eur"}] for table in (*FANS, "forecast_runs")},
    "ck_ml_roi_forecast_window_forward": [{"days": 0}, {"until": date(2026, 3, 2)}],
    "ck_ml_roi_timeseries_horizon_counted": [{"horizon_days": -1}],
    "ck_ml_roi_timeseries_maturity_share": [{"maturity": 1.1}],
    "ck_ml_reach_ctr_timeseries_horizon_counted": [{"horizon_days": -1}],
    "ck_ml_reach_ctr_timeseries_measure_known": [{"measure": "people"}],
    "ck_ml_budget_recommendation_window_forward": [{"until": date(2026, 3, 2)}],
    "ck_ml_budget_recommendation_within_bounds": [
        {"proposed_micros": 3},
        {"proposed_micros": 8},
        {"lowest_micros": -1},
    ],
    "ck_ml_budget_recommendation_amounts": [{"today_micros": -1}, {"next_micros": -1}],
    "ck_forecast_runs_batch_counted": [{"batch": -1}],
    "ck_forecast_runs_digested": [{"digest": ""}],
    "uq_forecast_runs_inputs": [{"made_at": datetime(2026, 3, 4, 13, tzinfo=UTC)}],
}
