"""What runs when: every job of the product, in one table.

To add one: a function that takes the workspace and its turn, and one line in JOBS.
"""

from __future__ import annotations

from dataclasses import replace

from adtempo.jobs.changing import send_changes
from adtempo.jobs.detecting import detect_anomalies
from adtempo.jobs.forecasting import fill_forecasts
from adtempo.jobs.planning import watch_messages
from adtempo.jobs.reporting import report_morning
from adtempo.jobs.runner import CatchUp, Job
from adtempo.jobs.scaling import learn_nightly, scale_budgets
from adtempo.jobs.sync import sync_at_once, sync_hourly
from adtempo.jobs.telling import compare_mature, tell_alerts
from adtempo.jobs.upkeep import compact_files, forget_expired
from adtempo.settings import Settings

SYNC_NOW = Job("sync-now", "", "Reads every account at once, when somebody asks.", CatchUp.NEWEST, sync_at_once)

FORECASTS = Job("forecasts", "*/30 * * * *", "Fills the tables of forecasts.", CatchUp.NEWEST, fill_forecasts)

JOBS = (
    Job("sync", "0 * * * *", "Reads every account that can be read.", CatchUp.ALL, sync_hourly),
    SYNC_NOW,
    Job("changes", "* * * * *", "Sends approved changes, and reads back unclear ones.", CatchUp.NEWEST, send_changes),
    Job("budgets", "15 * * * *", "Evaluates budgets, proposes, applies or queues.", CatchUp.NEWEST, scale_budgets),
    Job("hours", "40 2 * * *", "Learns at which hours campaigns work.", CatchUp.NEWEST, learn_nightly),
    Job("detect-anomalies", "10 * * * *", "Opens and resolves alerts.", CatchUp.NEWEST, detect_anomalies),
    FORECASTS,
    Job("messages", "15 * * * *", "Looks at how planning messages goes.", CatchUp.NEWEST, watch_messages),
    Job("alerts", "*/5 * * * *", "Sends what there is to tell to its channels.", CatchUp.NEWEST, tell_alerts),
    Job("report", "20 * * * *", "Keeps the report of the day before, each morning.", CatchUp.NEWEST, report_morning),
    Job("compare", "45 5 * * *", "Holds mature predictions against what came true.", CatchUp.NEWEST, compare_mature),
    Job(
        "compact",
        "30 3 * * *",
        "Rewrites the ledger's files into days and months, and sweeps.",
        CatchUp.NEWEST,
        compact_files,
    ),
    Job("forget", "15 4 * * *", "Deletes what ran out: sessions, links, old analyses.", CatchUp.NEWEST, forget_expired),
)
"""Slots are in UTC. The order says nothing: a run is claimed by the age of its slot."""


def due_jobs(settings: Settings) -> tuple[Job, ...]:
    """Return the jobs, at the times that were set."""
    return tuple(replace(job, cron=settings.forecasts_cron) if job is FORECASTS else job for job in JOBS)
