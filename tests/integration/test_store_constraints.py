"""Every constraint of the schema, violated past our own code: the database itself refuses.

`VIOLATIONS` names each constraint with a change to a good row that breaks it and nothing else; a test holds the list
complete, so that a new constraint comes with its violation.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Connection, Engine, ForeignKeyConstraint, UniqueConstraint, null
from sqlalchemy.exc import DBAPIError, IntegrityError

import budget_constraints
import daypart_constraints
import forecast_constraints
import message_constraints
from adtempo.store import schema
from adtempo.store.engine import metadata, open_engine, transaction
from good_rows import EARLIER, GOOD, LATER, PARENTS, SENT, T

VIOLATIONS: dict[str, list[dict[str, Any]]] = {
    **daypart_constraints.VIOLATIONS,
    **budget_constraints.VIOLATIONS,
    **message_constraints.VIOLATIONS,
    **forecast_constraints.VIOLATIONS,
    "ck_predictions_stated": [
        {"prediction_id": ""},
        {"prediction_id": "q", "model": ""},
        {"prediction_id": "q", "metric": ""},
        {"prediction_id": "q", "actor": ""},
    ],
    "ck_predictions_campaign_in_account": [{"prediction_id": "q", "account_id": None}],
    "ck_predictions_channel_in_currency": [
        {"prediction_id": "q", "channel": "search"},
        {"prediction_id": "q", "channel": "search", "currency": "EUR", "account_id": "1"},
    ],
    "ck_predictions_window_forward": [{"prediction_id": "q", "until": date(2026, 3, 3)}],
    "ck_predictions_value_finite": [{"prediction_id": "q", "value": 1e18}, {"prediction_id": "q", "value": -1e18}],
    "ck_predictions_two_ends": [{"prediction_id": "q", "low80": 1.0}, {"prediction_id": "q", "high95": 1.0}],
    "ck_predictions_interval80_forward": [
        {"prediction_id": "q", "low80": 2.0, "high80": 1.0},
        {"prediction_id": "q", "low80": 2.0, "high80": 1e18},
    ],
    "ck_predictions_interval95_forward": [{"prediction_id": "q", "low95": 2.0, "high95": 1.0}],
    "ck_predictions_made_before": [{"prediction_id": "q", "horizon_days": -1}],
    "ck_predictions_recorded_after": [{"prediction_id": "q", "recorded_at": EARLIER}],
    "ck_prediction_comparisons_maturity_share": [{"maturity": 1.1}, {"maturity": -0.1}],
    "ck_prediction_comparisons_batch_counted": [{"batch": -1}],
    "ck_prediction_comparisons_accuracy_percent": [{"actual": 1.0, "error": 1.0, "accuracy": 101.0}],
    "ck_prediction_comparisons_scored": [{"actual": 1.0}, {"actual": 1.0, "error": 0.0}],
    "ck_performance_alerts_stated": [
        {"id": 2, "cause": ""},
        {"id": 2, "cause": "y", "alert_type": ""},
        {"id": 2, "cause": "y", "message": ""},
    ],
    "ck_performance_alerts_severity_known": [{"id": 2, "cause": "y", "severity": "bad"}],
    "ck_performance_alerts_account_whole": [{"id": 2, "cause": "y", "platform": "meta"}],
    "ck_performance_alerts_campaign_in_account": [{"id": 2, "cause": "y", "campaign_id": "c"}],
    "ck_performance_alerts_stake_in_currency": [
        {"id": 2, "cause": "y", "at_stake_micros": 1},
        {"id": 2, "cause": "y", "currency": "EUR"},
    ],
    "ck_performance_alerts_seen_from_start": [
        {"id": 2, "cause": "y", "last_seen_at": EARLIER},
        {"id": 2, "cause": "y", "severity_since": EARLIER},
    ],
    "ck_performance_alerts_acknowledged_by_somebody": [{"id": 2, "cause": "y", "acknowledged_at": T}],
    "ck_performance_alerts_resolved_dated": [
        {"id": 2, "cause": "y", "resolved": True},
        {"id": 2, "cause": "y", "resolved_at": T},
    ],
    "ck_alert_channels_named": [{"id": 2, "name": ""}, {"id": 2, "name": "b", "added_by": ""}],
    "ck_alert_channels_severity_known": [{"id": 2, "name": "b", "severity": "bad"}],
    "ck_alert_channels_digest_known": [{"id": 2, "name": "b", "digest": "week"}],
    "ck_alert_channels_account_whole": [{"id": 2, "name": "b", "platform": "meta"}],
    "ck_alert_channels_quiet_whole": [
        {"id": 2, "name": "b", "quiet_since": 1},
        {"id": 2, "name": "b", "quiet_since": 1, "quiet_until": 1},
    ],
    "ck_alert_channels_quiet_in_day": [{"id": 2, "name": "b", "quiet_since": 1, "quiet_until": 1440}],
    "ck_alert_channels_removed_forgotten": [{"id": 2, "name": "b", "sealed_url": b"x", "removed_at": T}],
    "ck_alert_deliveries_status_known": [{"id": "e", "status": "lost"}],
    "ck_alert_deliveries_severity_known": [{"id": "e", "severity": "bad"}],
    "ck_alert_deliveries_sent_dated": [{"id": "e", "status": "sent"}, {"id": "e", "sent_at": T}],
    "ck_alert_deliveries_failure_explained": [{"id": "e", "status": "failed"}],
    "ck_alert_deliveries_counted": [{"id": "e", "attempts": -1}, {"id": "e", "alerts": -1}],
    "ck_alert_news_news_known": [{"news": "gossip"}],
    "ck_alert_news_severity_known": [{"severity": "bad"}],
    "ck_accounts_platform_known": [{"platform": "myspace"}],
    "ck_accounts_identified": [{"account_id": ""}],
    "ck_accounts_zoned": [{"account_id": "2", "timezone": ""}],
    "ck_accounts_currency_coded": [{"account_id": "2", "currency": "eur"}, {"account_id": "2", "currency": "EURO"}],
    "ck_accounts_sourced": [{"account_id": "2", "source": ""}],
    "ck_accounts_client_named": [{"account_id": "2", "client": ""}],
    "ck_accounts_offline_known": [{"account_id": "2", "offline": "ignore"}],
    "ck_accounts_approver_limit_amount": [{"account_id": "2", "approver_limit_micros": 0}],
    "ck_reports_said_something": [{"body": ""}, {"markdown": ""}, {"html": ""}],
    "ck_campaigns_identified": [{"campaign_id": ""}],
    "ck_campaigns_target_roas_positive": [
        {"campaign_id": "d", "target_roas": 0.0},
        {"campaign_id": "d", "target_roas": float("inf")},
    ],
    "ck_campaigns_target_cpa_positive": [{"campaign_id": "d", "target_cpa_micros": 0}],
    "ck_campaigns_planned_budget_positive": [{"campaign_id": "d", "planned_budget_micros": -1}],
    "ck_campaigns_label_stated": [{"campaign_id": "d", "label": ""}],
    "ck_campaigns_niche_stated": [{"campaign_id": "d", "niche": ""}],
    "ck_campaigns_channel_stated": [{"campaign_id": "d", "channel": ""}],
    "ck_people_name_lower": [{"name": ""}, {"name": "Ann"}],
    "ck_people_role_known": [{"name": "bob", "role": "root"}],
    "ck_people_password_hashed": [{"name": "bob", "password_hash": "hunter2"}],
    "uq_people_name": [{"id": 2}],
    "ck_ledger_batches_kind_known": [{"batch": 2, "kind": "x"}],
    "ck_ledger_batches_undone_later": [{"batch": 2, "undone_by": 1}],
    "ck_audit_log_id_positive": [{"id": 0}],
    "ck_audit_log_stated": [{"actor": ""}, {"action": ""}],
    "ck_audit_log_hashed": [{"hash": "short"}, {"previous_hash": ""}],
    "uq_audit_log_hash": [{"id": 2, "previous_hash": "c" * 64}],
    "uq_audit_log_previous_hash": [{"id": 2, "hash": "c" * 64}],
    "ck_scaling_actions_state_known": [{"state": "lost", "finished_at": T}],
    "ck_scaling_actions_action_known": [{"action": "maintain"}],
    "ck_scaling_actions_status_known": [{"old_status": "gone", "new_status": "gone"}],
    "ck_scaling_actions_stated": [{"policy_key": ""}, {"reason": ""}, {"actor": ""}],
    "ck_scaling_actions_currency_coded": [{"currency": "eur"}],
    "ck_scaling_actions_budgets_positive": [
        {"new_budget_micros": 0},
        {"old_budget_micros": -1},
    ],
    "ck_scaling_actions_one_setting": [
        {"new_budget_micros": 100},
        {"new_status": "paused"},
    ],
    "ck_scaling_actions_within_cap": [{"new_budget_micros": 121}],
    "ck_scaling_actions_within_account": [
        {"account_after_micros": 501},
        {"account_after_micros": 501, "new_budget_micros": 100, "old_status": "paused"},
    ],
    "ck_scaling_actions_sent_once": [{**SENT, "sends": 2}, {"sends": -1}],
    "ck_scaling_actions_sent_as_approved": [{**SENT, "approved_digest": "b" * 64}],
    "ck_scaling_actions_sent_under_lease": [
        {**SENT, "fence": None},
        {**SENT, "sent_at": None},
        {**SENT, "writer": None},
        {"fence": 1},
    ],
    "ck_scaling_actions_state_tells_sends": [{"state": "sending"}, {**SENT, "state": "approved"}],
    "ck_scaling_actions_approved_by_somebody": [{"approved_by": None}],
    "ck_scaling_actions_approved_first": [{"approved_by": None, "approved_at": None, "approved_digest": None}],
    "ck_scaling_actions_unknown_resolved_later": [
        {**SENT, "state": "unknown"},
        {"resolve_after": T},
    ],
    "ck_scaling_actions_finished_dated": [
        {"finished_at": T},
        {**SENT, "state": "applied"},
    ],
    "ck_scaling_actions_seen_whole": [{"seen_at": T}, {"seen_status": "active"}],
    "ck_scaling_actions_expires_later": [{"expires_at": T}],
    "uq_one_per_window": [{"id": 2, "state": "blocked", "finished_at": T}],
    "ck_halts_by_somebody": [{"id": 2, "halted_by": ""}],
    "ck_halts_holds_or_over": [{"id": 2, "holds": False}],
    "ck_halts_over_dated": [
        {"id": 2, "resumed_at": T, "resumed_by": "ann"},
        {"id": 2, "holds": None},
        {"id": 2, "holds": None, "resumed_at": T},
    ],
    "uq_halts_holds": [{"id": 2}],
    "ck_campaign_readings_budget_not_negative": [{"budget_daily_micros": -1}],
    "ck_campaign_readings_status_known": [{"status": "gone"}],
    "ck_conversions_identified": [{"conversion_id": ""}],
    "ck_conversions_ad_identified": [{"ad_id": ""}],
    "ck_conversions_click_first": [{"click_time": LATER}],
    "ck_conversions_value_not_negative": [{"value_micros": -1}],
    "ck_conversions_currency_coded": [{"currency": "eur"}],
    "ck_conversions_batch_positive": [{"batch": 0}],
    "ck_conversions_undone_later": [{"undone_by": 1}],
    "ck_coverage_slots_ordered": [{"slot_to": T}],
    "ck_entity_attributes_level_known": [{"level": "account"}],
    "ck_entity_attributes_attribute_known": [{"attribute": "mood"}],
    "ck_entity_attributes_identified": [{"level": "ad", "entity_id": ""}],
    "ck_entity_attributes_campaign_is_entity": [{"entity_id": "d"}],
    "ck_entity_attributes_seen_from_start": [{"seen_until": EARLIER}],
    "ck_entity_attributes_batch_positive": [{"batch": 0}],
    "ck_exchange_rates_currency_coded": [{"currency": "usd"}],
    "ck_exchange_rates_base_coded": [{"base": "E"}],
    "ck_exchange_rates_two_currencies": [{"base": "USD"}],
    "ck_exchange_rates_rate_positive": [{"rate": "0"}, {"rate": "-1.5"}, {"rate": "1e13"}],
    "ck_exchange_rates_batch_positive": [{"batch": 0}],
    "ck_exchange_rates_undone_later": [{"undone_by": 1}],
    "ck_idempotent_requests_hashed": [{"name": "x"}, {"digest": "x"}],
    "ck_idempotent_requests_answered": [{"status": 200}, {"body": b""}],
    "ck_job_runs_named": [{"job": ""}],
    "ck_job_runs_status_known": [{"status": "lost"}],
    "ck_job_runs_counted": [{"fence": -1}, {"attempts": -1}],
    "ck_job_runs_running_leased": [{"status": "running"}, {"owner": "o", "lease_until": T}],
    "ck_job_runs_finished_stated": [{"status": "done"}, {"finished_at": T}],
    "ck_job_runs_failure_explained": [{"status": "failed", "finished_at": T}],
    "ck_leases_named": [{"name": ""}],
    "ck_leases_owned": [{"owner": ""}],
    "ck_leases_fence_positive": [{"fence": 0}],
    "ck_leases_free_or_held": [{"owner": None}, {"expires_at": None}],
    "ck_ledger_files_tier_known": [{"tier": "year"}],
    "ck_ledger_files_batches_ordered": [{"batch_from": 2}],
    "ck_ledger_files_days_ordered": [{"day_from": date(2026, 3, 5)}],
    "ck_ledger_files_not_empty": [{"rows": 0}],
    "ck_ledger_state_one_row": [{"id": 2}],
    "ck_script_tokens_hashed": [{"hash": "short"}],
    "ck_script_tokens_labelled": [{"label": ""}],
    "ck_script_tokens_times_ordered": [{"expires_at": T}],
    "uq_script_tokens_hash": [{}],
    "ck_sessions_hashed": [{"hash": "short"}],
    "ck_sessions_times_ordered": [{"seen_at": EARLIER}, {"expires_at": T}],
    "ck_sign_in_tokens_hashed": [{"hash": "short"}],
    "ck_workspace_state_one_row": [{"id": 2}],
}

BROKEN_REFERENCES: dict[str, dict[str, Any]] = {
    **daypart_constraints.BROKEN_REFERENCES,
    **budget_constraints.BROKEN_REFERENCES,
    **message_constraints.BROKEN_REFERENCES,
    "predictions": {"prediction_id": "q", "campaign_id": "none"},
    "prediction_comparisons": {"prediction_id": "none"},
    "performance_alerts": {"id": 2, "cause": "y", "platform": "meta", "account_id": "9"},
    "alert_channels": {"id": 2, "name": "b", "platform": "meta", "account_id": "9"},
    "alert_deliveries": {"id": "e", "channel_id": 9},
    "alert_news": {"alert_id": 9},
    "campaigns": {"account_id": "none"},
    "scaling_actions": {"campaign_id": "none"},
    "campaign_readings": {"campaign_id": "none"},
    "conversions": {"campaign_id": "none"},
    "coverage": {"batch": 9},
    "entity_attributes": {"campaign_id": "none", "entity_id": "none"},
    "ledger_batches": {"batch": 2, "undone_by": 9},
    "script_tokens": {"person_id": 9},
    "sessions": {"person_id": 9},
    "sign_in_tokens": {"person_id": 9},
    "watermarks": {"batch": 9},
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with all tables, one for all tests: each ends in a refusal, which takes back all it did."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('constraints') / 'adtempo.db'}"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), url.removeprefix("sqlite:///"))
    else:
        url = request.getfixturevalue("postgres").make(template=request.getfixturevalue("postgres_template"))
    opened = open_engine(url)
    yield opened
    opened.dispose()


def constraint_names(kind: type) -> dict[str, str]:
    """Return {name of constraint: name of table} of a kind."""
    return {
        str(constraint.name): table.name
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, kind)
    }


def insert(connection: Connection, table: str, **changes: Any) -> None:
    connection.execute(metadata.tables[table].insert().values({**GOOD[table], **changes}))


def insert_parents(connection: Connection) -> None:
    for table in PARENTS:
        insert(connection, table)


def test_every_constraint_has_its_violation() -> None:
    assert schema.NOUNS
    assert {*constraint_names(CheckConstraint), *constraint_names(UniqueConstraint)} == VIOLATIONS.keys()
    assert set(constraint_names(ForeignKeyConstraint).values()) == BROKEN_REFERENCES.keys()
    assert metadata.tables.keys() == GOOD.keys()


def test_the_good_rows_are_good(engine: Engine) -> None:
    with engine.connect() as connection:
        for table in (*PARENTS, *(GOOD.keys() - set(PARENTS))):
            insert(connection, table)
        connection.rollback()


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_database_refuses_what_a_constraint_forbids(engine: Engine, name: str) -> None:
    table = {**constraint_names(CheckConstraint), **constraint_names(UniqueConstraint)}[name]
    told = re.escape(name) if name.startswith("ck_") else rf"{name}|UNIQUE.*: {table}\."  # SQLite names the columns
    for change in VIOLATIONS[name]:
        with pytest.raises(IntegrityError, match=told), transaction(engine) as connection:
            insert_parents(connection)
            if name.startswith("uq_") and table not in PARENTS:
                insert(connection, table)
            insert(connection, table, **change)


@pytest.mark.parametrize("table", BROKEN_REFERENCES)
def test_the_database_refuses_a_reference_to_nothing(engine: Engine, table: str) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), transaction(engine) as connection:
        insert_parents(connection)
        insert(connection, table, **BROKEN_REFERENCES[table])


@pytest.mark.parametrize("table", GOOD)
def test_the_database_refuses_a_second_row_of_one_key(engine: Engine, table: str) -> None:
    key = metadata.tables[table].primary_key.columns.keys()
    given = {name: GOOD[table].get(name, 7) for name in key}
    with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction(engine) as connection:
        insert_parents(connection)
        for _ in range(2):
            insert(connection, table, **given)


@pytest.mark.parametrize("table", GOOD)
def test_the_database_refuses_a_missing_value(engine: Engine, table: str) -> None:
    for column in metadata.tables[table].columns:
        if column.nullable or column.name == "id":
            continue
        with pytest.raises(DBAPIError, match=r"(?i)not.null"), transaction(engine) as connection:
            for parent in PARENTS[: PARENTS.index(table) if table in PARENTS else None]:
                insert(connection, parent)
            insert(connection, table, **{column.name: null()})
