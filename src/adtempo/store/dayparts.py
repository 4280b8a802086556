"""Analyses of campaigns' weeks, the patterns they found, and the schedules made of them; none is ever changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.money import Money
from adtempo.domain.schedules import KeptSchedule, Outlook, Strategy, WeekPlan
from adtempo.store.engine import Identifier, UtcTime, metadata
from adtempo.store.rows import CAMPAIGN, campaign_columns, campaign_key, campaign_of, insert_new, of, read_row, row_of

daypart_analyses = Table(
    "daypart_analyses",
    metadata,
    Column("analysis_id", Identifier, primary_key=True),
    *campaign_columns(),
    Column("niche", Text),
    Column("metric", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("lookback_days", Integer, nullable=False),
    Column("min_samples", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("peak_hours", JSON(none_as_null=True), nullable=False),
    Column("valley_hours", JSON(none_as_null=True), nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("batch", BigInteger, nullable=False),
    campaign_key(),
    CheckConstraint("analysis_id <> '' AND metric <> ''", name="stated"),
    CheckConstraint("until >= since", name="window_forward"),
    CheckConstraint("lookback_days > 0 AND min_samples > 0 AND samples >= 0", name="counted"),
    CheckConstraint("batch >= 0", name="batch_counted"),
    Index("ix_daypart_analyses_campaign", "platform", "account_id", "campaign_id", "as_of"),
    Index("ix_daypart_analyses_niche", "niche"),
    Index("ix_daypart_analyses_as_of", "as_of"),
)
"""One row per analysis; the same facts asked the same way are the same analysis. `batch` is the inputs' watermark."""

daypart_patterns = Table(
    "daypart_patterns",
    metadata,
    Column("analysis_id", Identifier, ForeignKey("daypart_analyses.analysis_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *campaign_columns(),
    Column("niche", Text),
    Column("type", Text, nullable=False),
    Column("hours", JSON(none_as_null=True), nullable=False),
    Column("days", JSON(none_as_null=True), nullable=False),
    Column("lift", Double, nullable=False),
    Column("strength", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("q_value", Double, nullable=False),
    Column("found_at", UtcTime, nullable=False),
    campaign_key(),
    CheckConstraint("position >= 0", name="position_counted"),
    CheckConstraint("type IN ('peak', 'valley')", name="type_known"),
    CheckConstraint("lift >= 0 AND lift < 1e9", name="lift_finite"),  # NaN is the greatest there
    CheckConstraint("strength >= 0 AND strength <= 1", name="strength_share"),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence_share"),
    CheckConstraint("q_value >= 0 AND q_value <= 1", name="q_value_share"),
    Index("ix_daypart_patterns_campaign", "platform", "account_id", "campaign_id"),
    Index("ix_daypart_patterns_niche", "niche"),
    Index("ix_daypart_patterns_found_at", "found_at"),
)
"""What an analysis found, the clearest first; hours and days are lists, Monday is day 0."""

daypart_schedules = Table(
    "daypart_schedules",
    metadata,
    Column("schedule_id", Identifier, primary_key=True),
    Column("version", Integer, nullable=False),
    *campaign_columns(),
    Column("analysis_id", Identifier, ForeignKey("daypart_analyses.analysis_id"), nullable=False),
    Column("strategy", Text, nullable=False),
    Column("total_daily_budget_micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("multipliers", JSON(none_as_null=True), nullable=False),
    Column("week_multipliers", JSON(none_as_null=True)),
    Column("outlook", JSON(none_as_null=True)),
    Column("basis", JSON(none_as_null=True), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    campaign_key(),
    UniqueConstraint("platform", "account_id", "campaign_id", "version", name="uq_daypart_schedules_version"),
    CheckConstraint("schedule_id <> '' AND actor <> '' AND timezone <> ''", name="stated"),
    CheckConstraint("version > 0", name="version_counted"),
    CheckConstraint("strategy IN ('conservative', 'balanced', 'aggressive')", name="strategy_known"),
    CheckConstraint("total_daily_budget_micros > 0", name="budget_positive"),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    Index("ix_daypart_schedules_made_at", "made_at"),
)
"""One row per schedule; multipliers are lists of 24 and of 168."""

_SCHEDULES = select(daypart_schedules, daypart_analyses.c.reason).join(daypart_analyses)


@dataclass(frozen=True, slots=True)
class StoredPattern:
    """One row of daypart_patterns, without what it shares with its analysis."""

    type: str
    hours: tuple[int, ...]
    days: tuple[int, ...]
    lift: float
    strength: float
    confidence: float
    q_value: float


@dataclass(frozen=True, slots=True)
class StoredAnalysis:
    """One row of daypart_analyses, and its patterns.

    Attributes:
        analysis_id: The same for the same question about the same facts.
        campaign: Which campaign.
        niche: Its market, if one is known.
        metric: Name of the metric that was analysed.
        since: First local day, inclusive.
        until: Last local day, inclusive.
        lookback_days: Days that were asked for.
        min_samples: Measured hours that were needed.
        samples: Measured hours that there were.
        abstained: Whether no usable pattern was found.
        reason: Why, in words.
        peak_hours: Hours of the day that are peaks.
        valley_hours: Hours of the day that are valleys.
        as_of: What was known at this moment, aware.
        batch: The ledger's newest batch then.
        patterns: The clearest first.
    """

    analysis_id: str
    campaign: CampaignRef
    niche: str | None
    metric: str
    since: date
    until: date
    lookback_days: int
    min_samples: int
    samples: int
    abstained: bool
    reason: str
    peak_hours: tuple[int, ...]
    valley_hours: tuple[int, ...]
    as_of: datetime
    batch: int
    patterns: tuple[StoredPattern, ...]


def insert_analyses(connection: Connection, found: Sequence[StoredAnalysis]) -> None:
    """Keep analyses; those that are known stay as they are."""
    insert_new(connection, daypart_analyses, (row_of(daypart_analyses, one, **asdict(one.campaign)) for one in found))
    insert_new(connection, daypart_patterns, (row for one in found for row in _pattern_rows(one)))


def insert_schedule(connection: Connection, schedule: KeptSchedule) -> None:
    """Keep a schedule; its version must be the next of its campaign."""
    plan = schedule.plan
    row = row_of(
        daypart_schedules,
        schedule,
        **asdict(schedule.campaign),
        total_daily_budget_micros=plan.total.micros,
        currency=plan.total.currency,
        multipliers=plan.day,
        week_multipliers=plan.week,
        outlook=None if schedule.outlook is None else asdict(schedule.outlook),
    )
    connection.execute(daypart_schedules.insert().values(row))


def next_version(connection: Connection, campaign: CampaignRef) -> int:
    """Return the version that the next schedule of a campaign has."""
    newest = connection.scalar(select(func.max(daypart_schedules.c.version)).where(of(daypart_schedules, campaign)))
    return (newest or 0) + 1


def load_schedule(connection: Connection, schedule_id: str) -> KeptSchedule:
    """Return one schedule.

    Raises:
        NotFound: There is none of this id.
    """
    row = connection.execute(_SCHEDULES.where(daypart_schedules.c.schedule_id == schedule_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no schedule {schedule_id!r}; `adtempo dayparts schedule --campaign C` makes one")
    return _schedule(row)


def list_schedules(connection: Connection, campaign: CampaignRef, *, limit: int | None = None) -> list[KeptSchedule]:
    """Return the schedules of a campaign, the newest first."""
    query = _SCHEDULES.where(of(daypart_schedules, campaign)).order_by(daypart_schedules.c.version.desc()).limit(limit)
    return [_schedule(row) for row in connection.execute(query)]


def delete_old_analyses(connection: Connection, before: datetime) -> int:
    """Delete analyses made before a moment, with their patterns; those that a schedule rests on stay.

    Returns:
        How many were deleted.
    """
    made = daypart_analyses.c
    old = select(made.analysis_id).where(
        made.as_of < before, made.analysis_id.not_in(select(daypart_schedules.c.analysis_id))
    )
    connection.execute(daypart_patterns.delete().where(daypart_patterns.c.analysis_id.in_(old)))
    return connection.execute(daypart_analyses.delete().where(made.analysis_id.in_(old))).rowcount


def load_analysis(connection: Connection, analysis_id: str) -> StoredAnalysis | None:
    """Return one analysis; None where it was not kept."""
    row = connection.execute(
        select(daypart_analyses).where(daypart_analyses.c.analysis_id == analysis_id)
    ).one_or_none()
    if row is None:
        return None
    patterns = connection.execute(
        select(daypart_patterns)
        .where(daypart_patterns.c.analysis_id == analysis_id)
        .order_by(daypart_patterns.c.position)
    )
    return _analysis(row, [_pattern(one) for one in patterns])


def find_clearest(connection: Connection) -> CampaignRef | None:
    """Return the campaign of the clearest pattern among those found last."""
    table = daypart_patterns.c
    newest = select(func.max(table.found_at)).scalar_subquery()
    query = (
        select(*(table[name] for name in CAMPAIGN))
        .where(table.found_at == newest)
        .order_by(table.q_value, table.strength.desc(), table.analysis_id)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else campaign_of(row)


def count_kept(connection: Connection) -> tuple[int, int, datetime | None]:
    """Return how many analyses and schedules are kept, and when the last analysis was made."""
    analyses, last = connection.execute(
        select(func.count(), func.max(daypart_analyses.c.as_of)).select_from(daypart_analyses)
    ).one()
    return analyses, connection.scalar(select(func.count()).select_from(daypart_schedules)) or 0, last


def _pattern_rows(found: StoredAnalysis) -> list[dict[str, Any]]:
    shared = {"analysis_id": found.analysis_id, **asdict(found.campaign), "niche": found.niche, "found_at": found.as_of}
    return [row_of(daypart_patterns, one, **shared, position=place) for place, one in enumerate(found.patterns)]


def _analysis(row: Row[Any], patterns: Collection[StoredPattern]) -> StoredAnalysis:
    return read_row(
        StoredAnalysis,
        row,
        campaign=campaign_of(row),
        peak_hours=tuple(row.peak_hours),
        valley_hours=tuple(row.valley_hours),
        patterns=tuple(patterns),
    )


def _pattern(row: Row[Any]) -> StoredPattern:
    return read_row(StoredPattern, row, hours=tuple(row.hours), days=tuple(row.days))


def _schedule(row: Row[Any]) -> KeptSchedule:
    week = None if row.week_multipliers is None else tuple(row.week_multipliers)
    total = Money(row.total_daily_budget_micros, row.currency)
    return read_row(
        KeptSchedule,
        row,
        campaign=campaign_of(row),
        strategy=Strategy(row.strategy),
        plan=WeekPlan(total, tuple(row.multipliers), week, row.platform),
        outlook=None if row.outlook is None else Outlook(**row.outlook),
    )
