"""The class people know: what comes next, where money should go, and how right that was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from sqlalchemy import Table

from adtempo.domain.campaigns import Campaign, channel_of
from adtempo.domain.errors import AdtempoError, NotFound
from adtempo.domain.forecasts import (
    BudgetRecommendation,
    ForecastStatus,
    Level,
    ReachSeries,
    RoiForecast,
    RoiSeries,
    Subject,
    TableStatus,
)
from adtempo.forecasts.claims import claim_split, claim_windows
from adtempo.forecasts.decide import Spender, recommend_budgets
from adtempo.forecasts.estimate import (
    LEAST_DAYS,
    WEEK,
    CampaignPanel,
    Outlook,
    WindowForecast,
    estimate_channels,
    estimate_total,
    estimate_windows,
)
from adtempo.forecasts.load import CurrencyFacts, load_facts
from adtempo.forecasts.plans import at_todays_budgets
from adtempo.forecasts.rows import (
    Rows,
    last_day,
    read_reach_series,
    read_recommendation,
    read_roi,
    read_roi_series,
    recommendation_rows,
    roi_rows,
    series_rows,
)
from adtempo.stats.response import fit_own_responses
from adtempo.store import forecasts as stored
from adtempo.store.engine import reading, transaction
from adtempo.store.forecasts import ForecastRun
from adtempo.store.jobs import load_runs as load_job_runs
from adtempo.store.predictions import insert_predictions

if TYPE_CHECKING:
    import pandas as pd

    from adtempo.workspace import Workspace

JOB = "forecasts"
"""The job that fills the tables, and whose runs say how that gets on."""

CHOSEN_FOR = timedelta(days=7)
"""Forecasters are chosen anew when so much has been learnt since."""

EARLIER_DAYS = 7
"""A past day is shown with what was said of it so long before."""

SHOWN_DAYS = 90

CURVE_DAYS = 120
"""Days that curves of response are learnt from."""

SEED = 20261121
"""Of every draw, so that the same facts say the same."""

FORECASTS = {
    "roi-forecast": stored.ml_roi_forecast,
    "roi-timeseries": stored.ml_roi_timeseries,
    "reach-ctr": stored.ml_reach_ctr_timeseries,
    "budget-recommendation": stored.ml_budget_recommendation,
}
"""The four predictions by the names that people type, and their tables."""

NOTHING = "nothing has been forecast yet; `adtempo forecasts run` does it"

Progress = Callable[[str, float], None]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Filled:
    """What a run did.

    Attributes:
        written: Rows that were added, by table.
        claimed: Predictions that were recorded.
        currencies: Those that were forecast anew.
        unchanged: Those of which nothing new is known.
        failures: What went wrong, by currency and table.
    """

    written: Mapping[str, int]
    claimed: int
    currencies: tuple[str, ...]
    unchanged: tuple[str, ...]
    failures: Mapping[str, Mapping[str, str]]


class Forecaster:
    """Forecasts and recommendations: filling the tables, and reading what they say now.

    Args:
        workspace: What is open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def run(self, *, actor: str | None = None, progress: Progress = lambda _step, _share: None) -> Filled:
        """Forecast every currency whose closed days say something new; what fails for one table stops no other.

        Args:
            actor: Who runs it; None for the owner of the home.
            progress: Called with the step and the share of it that is done, 0 to 1.

        Raises:
            NotFound: There are no facts at all.
        """
        progress("reading facts", 0.0)
        found = load_facts(self._workspace)
        if not found:
            raise NotFound("there are no facts to forecast from; `adtempo import facts` or `adtempo sync` brings some")
        with reading(self._workspace.engine) as connection:
            before = stored.load_runs(connection)
        written = dict.fromkeys((table.name for table in FORECASTS.values()), 0)
        claimed, unchanged, failures = 0, [], {}
        for place, (currency, facts) in enumerate(found.items()):
            progress(f"forecasting {currency}", (place + 0.1) / (len(found) + 0.1))
            last = before.get(currency)
            if last is not None and last.digest == facts.digest:
                unchanged.append(currency)
                continue
            drafted = _draft(facts, last, self._workspace.now())
            kept = self._keep(drafted, facts, actor or self._workspace.actor)
            if kept is None:
                unchanged.append(currency)
                continue
            for name, count in kept.items():
                written[name] = written.get(name, 0) + count
            if drafted.run.failures:
                failures[currency] = drafted.run.failures
        claimed = written.pop("predictions", 0)
        progress("done", 1.0)
        done = tuple(currency for currency in found if currency not in unchanged)
        return Filled(written, claimed, done, tuple(unchanged), failures)

    def _keep(self, drafted: _Draft, facts: CurrencyFacts, actor: str) -> dict[str, int] | None:
        """Write what one currency's forecasts say, in one transaction; None if another process has done so."""
        now = drafted.run.made_at
        with transaction(self._workspace.engine) as connection:
            if not stored.insert_run(connection, drafted.run):
                return None
            written = {
                table.name: stored.insert_recommendation(connection, rows, now)
                if table is stored.ml_budget_recommendation
                else stored.insert_changed(connection, table, rows, now)
                for table, rows in drafted.rows.items()
            }
            claims = claim_windows(drafted.windows, facts, now=now, actor=actor)
            for answer in drafted.answers:
                claims += claim_split(answer, now=now, actor=actor)
            written["predictions"] = len(insert_predictions(connection, claims))
        return written

    def roi_forecast(self, level: Level | str | None = None, channel: str | None = None) -> list[RoiForecast]:
        """Return what the next 7 and 28 days bring, as last said, by currency.

        Args:
            level: Only of this level; None for totals and channels.
            channel: Only this channel.

        Raises:
            NotFound: There is no such channel.
        """
        wanted = {Level.TOTAL, Level.CHANNEL} if level is None else {Level(level)}
        with reading(self._workspace.engine) as connection:
            runs = stored.load_runs(connection)
            rows = stored.load_newest(
                connection, stored.ml_roi_forecast, where=lambda column: column.level.in_([one.value for one in wanted])
            )
        _check_channel(runs, channel)
        if channel is not None:
            rows = [row for row in rows if (row["level"], row["name"]) == (Level.CHANNEL, channel)]
        begins = {currency: run.facts_until + timedelta(days=1) for currency, run in runs.items()}
        found = [read_roi(row) for row in rows if row["since"] == begins.get(row["currency"])]
        order = list(Level)
        return sorted(
            found, key=lambda one: (one.subject.currency, order.index(one.subject.level), one.subject.name, one.days)
        )

    def roi_timeseries(self, days: int = SHOWN_DAYS, channel: str | None = None) -> list[RoiSeries]:
        """Return ROI and conversions by day, of everything and of each channel, the last closed days and those to come.

        Args:
            days: How many closed days.
            channel: Only this channel.

        Raises:
            NotFound: There is no such channel.
        """
        rows, earlier, notes = self._series(stored.ml_roi_timeseries, days, channel)
        return read_roi_series(rows, earlier, notes)

    def reach_ctr(self, days: int = SHOWN_DAYS, channel: str | None = None) -> list[ReachSeries]:
        """Return reach, or impressions, and CTR by day, of everything and of each channel.

        Args:
            days: How many closed days.
            channel: Only this channel.

        Raises:
            NotFound: There is no such channel.
        """
        rows, earlier, notes = self._series(stored.ml_reach_ctr_timeseries, days, channel)
        return read_reach_series(rows, earlier, notes)

    def budget_recommendation(self) -> list[BudgetRecommendation]:
        """Return how a day's money should be shared out, by currency; nothing is proposed by this."""
        with reading(self._workspace.engine) as connection:
            found = [stored.load_recommendation(connection, currency) for currency in stored.load_runs(connection)]
        return [read_recommendation(rows) for rows in found if rows]

    def frame(self, name: str) -> pd.DataFrame:
        """Return what one of FORECASTS says now as a pandas frame: the newest row of each key.

        Raises:
            NotFound: There is no such forecast.
        """
        import pandas as pd

        with reading(self._workspace.engine) as connection:
            return pd.DataFrame(stored.load_newest(connection, find_table(name)))

    def status(self) -> ForecastStatus:
        """Return when each table was last filled, how old its facts are, and what failed."""
        with reading(self._workspace.engine) as connection:
            runs = stored.load_runs(connection)
            filled = stored.load_filled(connection)
            job = next(iter(load_job_runs(connection, job=JOB, limit=1)), None)
        return ForecastStatus(
            tables=[
                TableStatus(
                    table,
                    filled_at,
                    {currency: run.failures[table] for currency, run in runs.items() if table in run.failures},
                )
                for table, filled_at in filled.items()
            ],
            facts_until={currency: run.facts_until for currency, run in runs.items()},
            facts_batch=max((run.batch for run in runs.values()), default=None),
            models={
                currency: {
                    f"{channel}: {name}": model
                    for channel, said in run.series.items()
                    for name, model in said["models"].items()
                }
                for currency, run in runs.items()
            },
            models_chosen_on={currency: run.models_chosen_on for currency, run in runs.items()},
            run_status=None if job is None else job.status,
            run_slot=None if job is None else job.slot,
            run_detail=None if job is None else job.detail,
            run_error=None if job is None else job.error,
        )

    def _series(
        self, table: Table, days: int, channel: str | None
    ) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], dict[Subject, str]]:
        """Return the newest rows of a table of days, what was said a week before of each, and the notes."""
        with reading(self._workspace.engine) as connection:
            runs = stored.load_runs(connection)
            _check_channel(runs, channel)
            if not runs:
                return [], [], {}
            since = min(run.facts_until for run in runs.values()) - timedelta(days=days - 1)
            rows = stored.load_newest(connection, table, since=since)
            earlier = stored.load_newest(
                connection, table, since=since, where=lambda column: column.horizon_days >= EARLIER_DAYS
            )
        ends = {currency: run.facts_until for currency, run in runs.items()}
        if channel is not None:
            rows = [row for row in rows if row["name"] == channel]
        # A day that was to come when it was last written, and is over, was never measured.
        shown = [row for row in rows if (row["horizon_days"] > 0) == (row["day_local"] > ends[row["currency"]])]
        notes = {
            Subject(Level.CHANNEL if name else Level.TOTAL, name, currency): said["note"]
            for currency, run in runs.items()
            for name, said in run.series.items()
        }
        return shown, earlier, notes


def _check_channel(runs: Mapping[str, ForecastRun], channel: str | None) -> None:
    known = sorted({name for run in runs.values() for name in run.series if name})
    if channel is not None and channel not in known:
        cure = f"choose one of {', '.join(known)}" if known else NOTHING
        raise NotFound(f"there is no channel {channel!r}; {cure}")


def find_table(name: str) -> Table:
    """Return the table of a forecast that people name.

    Raises:
        NotFound: There is no such forecast.
    """
    if name not in FORECASTS:
        raise NotFound(f"there is no forecast {name!r}; choose one of {', '.join(FORECASTS)}")
    return FORECASTS[name]


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """What there is to write of one currency."""

    run: ForecastRun
    rows: Mapping[Table, Rows]
    windows: Sequence[WindowForecast]
    answers: Sequence[BudgetRecommendation]


def _draft(facts: CurrencyFacts, last: ForecastRun | None, now: datetime) -> _Draft:
    """Forecast one currency; a table that cannot be filled is named with its reason."""
    until = last_day(facts)
    fresh = last is None or until - last.models_chosen_on >= CHOSEN_FOR or until < last.models_chosen_on
    failures: dict[str, str] = {}
    rows: dict[Table, Rows] = {}
    outlooks: dict[str, Outlook] = {}
    windows: list[WindowForecast] = []
    answers: list[BudgetRecommendation] = []

    def attempt(tables: Sequence[Table], work: Callable[[], Sequence[Rows]]) -> None:
        try:
            rows.update(zip(tables, work(), strict=True))
        except Exception as problem:  # noqa: BLE001 - whatever fails for one table must not stop the others
            failures.update((table.name, _say(problem, table.name, facts.currency)) for table in tables)

    def forecast() -> Sequence[Rows]:
        reach = {name: past.reach for name, past in facts.past.items() if past.reach is not None}
        chosen = None if fresh or last is None else {name: said["models"] for name, said in last.series.items()}
        panel = at_todays_budgets(facts.panel)
        channels = estimate_channels(panel, reach=reach, chosen=chosen)
        outlooks.update({"": estimate_total(channels), **channels})
        windows.extend(estimate_windows(panel, channels, facts.currency, seed=SEED))
        return [roi_rows(facts, channels, windows), *series_rows(facts, outlooks)]

    attempt((stored.ml_roi_forecast, stored.ml_roi_timeseries, stored.ml_reach_ctr_timeseries), forecast)

    def recommend() -> Sequence[Rows]:
        answers.append(_recommend(facts, now))
        return [recommendation_rows(answers[0])]

    attempt((stored.ml_budget_recommendation,), recommend)
    run = ForecastRun(
        currency=facts.currency,
        made_at=now,
        batch=facts.batch,
        # What failed is tried again by the next run, which two processes cannot both be.
        digest=f"{facts.digest} after {last and last.made_at}" if failures else facts.digest,
        facts_until=until,
        models_chosen_on=until if fresh or last is None else last.models_chosen_on,
        series={name: {"models": dict(one.models), "note": one.note} for name, one in outlooks.items()},
        failures=failures,
    )
    return _Draft(run, rows, windows, answers)


def _say(problem: Exception, table: str, currency: str) -> str:
    # Weather is told as it is; a fault of the code comes with its traceback.
    if isinstance(problem, AdtempoError):
        return problem.message
    log.error("forecast_failed", table=table, currency=currency, exc_info=problem)
    return f"{type(problem).__name__}: {problem}"


def _recommend(facts: CurrencyFacts, now: datetime) -> BudgetRecommendation:
    """Learn curves of response from what campaigns spent and brought back, and share out a day's money by them."""
    panel, until = facts.panel, last_day(facts)
    first = max(len(panel.days) - CURVE_DAYS, 0)
    since: date = panel.days[first].item()
    spend, value = panel.series["spend"][:, first:], panel.series["value"][:, first:]
    spending = np.flatnonzero(panel.running & (spend[:, -WEEK:].sum(axis=1) > 0))
    spenders = [_spender(panel, facts.campaigns[place], facts.currency, place) for place in spending.tolist()]
    known = spending[[not one.why_not for one in spenders]]
    note = ""
    if not panel.has_value:
        note = f"No conversion value is measured in {facts.currency}, so no split can be called better."
    elif not len(known):
        note = f"No campaign that runs has {LEAST_DAYS} days of spend, so no curve can be learnt yet."
    answer = BudgetRecommendation(
        facts.currency, since, until, (), 0, None, None, None, None, next_sentence="", note=note, made_at=now
    )
    if note:
        return answer
    posterior = fit_own_responses(spend[known].T, value[known].T, SEED)
    return recommend_budgets(spenders, posterior, answer)


def _spender(panel: CampaignPanel, campaign: Campaign, currency: str, place: int) -> Spender:
    spend = panel.series["spend"][place]
    days = int((spend > 0).sum())
    return Spender(
        subject=Subject(Level.CAMPAIGN, str(campaign.ref), currency),
        channel=channel_of(campaign),
        title=campaign.label or campaign.name or campaign.ref.campaign_id,
        platform=campaign.ref.platform,
        today=float(spend[-WEEK:].mean()),
        highest=float(spend.max()),
        why_not="" if days >= LEAST_DAYS else f"it has spent on {days} days, and a curve needs {LEAST_DAYS}",
    )
