"""Budget rules, what they said of campaigns, how campaigns stood then, and at which hours they work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    select,
)

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.budgets import Basis, Evaluation, HourProfile, Judgement, Snapshot, StoredRule, Truth
from adtempo.domain.errors import Conflict, NotFound
from adtempo.domain.proposals import BudgetAction
from adtempo.store.engine import Number, UtcTime, metadata
from adtempo.store.rows import (
    CAMPAIGN,
    campaign_columns,
    campaign_key,
    campaign_of,
    insert_first,
    insert_new,
    of,
    read_row,
    row_of,
)

scaling_rules = Table(
    "scaling_rules",
    metadata,
    Column("rule_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("rule_name", Text, nullable=False),
    Column("fields", JSON(none_as_null=True), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint("rule_id > 0 AND version > 0 AND position > 0", name="numbered"),
    CheckConstraint("rule_name <> '' AND actor <> ''", name="stated"),
)
"""One row per wording of a rule, never updated; the newest version of a number holds."""

scaling_evaluations = Table(
    "scaling_evaluations",
    metadata,
    Column("id", Number, primary_key=True),
    *campaign_columns(),
    Column("window_start", UtcTime, nullable=False),
    Column("run", Text, nullable=False),
    Column("evaluated_at", UtcTime, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("rule_name", Text, nullable=False),
    Column("rule_id", Integer),
    Column("rule_version", Integer),
    Column("basis", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("on_reported", Text, nullable=False),
    Column("old_budget_micros", BigInteger),
    Column("new_budget_micros", BigInteger),
    Column("currency", Text, nullable=False),
    Column("requires_approval", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("missing", Text, nullable=False),
    Column("would_change", Text, nullable=False),
    Column("read_over", Text, nullable=False),
    Column("roas", Double),
    Column("roas_expected", Double),
    Column("metrics", JSON(none_as_null=True), nullable=False),
    Column("expected", JSON(none_as_null=True), nullable=False),
    Column("judgements", JSON(none_as_null=True), nullable=False),
    Column("vetoes", JSON(none_as_null=True), nullable=False),
    campaign_key(),
    UniqueConstraint("platform", "account_id", "campaign_id", "window_start", name="uq_scaling_evaluations_window"),
    CheckConstraint("basis IN ('expected', 'reported')", name="basis_known"),
    CheckConstraint(
        "action IN ('scale_up_aggressive', 'scale_up', 'maintain', 'scale_down', 'pause')", name="action_known"
    ),
    CheckConstraint("old_budget_micros > 0", name="old_budget_amount"),
    CheckConstraint("new_budget_micros >= 0", name="new_budget_amount"),
    CheckConstraint("reason <> '' AND rule_name <> '' AND run <> ''", name="explained"),
    CheckConstraint("window_start <= evaluated_at", name="in_its_window"),
    CheckConstraint("(rule_id IS NULL) = (rule_version IS NULL)", name="rule_versioned"),
    Index("ix_scaling_evaluations_at", "evaluated_at"),
    sqlite_autoincrement=True,
)
"""What was said of each campaign in each window, acted on or not: the first word of a window stays.

After thirty days it moves to a file of the ledger (`facts/evaluations.py`).
"""

EVALUATION_COLUMNS: Mapping[str, type] = {column.name: column.type.python_type for column in scaling_evaluations.c}
"""Names and Python types; `object` stands for JSON of any shape."""

campaign_performance_snapshots = Table(
    "campaign_performance_snapshots",
    metadata,
    *campaign_columns(primary_key=True),
    Column("window_start", UtcTime, primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("hours", Integer, nullable=False),
    Column("status", Text),
    Column("budget_daily_micros", BigInteger),
    Column("impressions", BigInteger),
    Column("clicks", BigInteger),
    Column("spend_micros", BigInteger),
    Column("conversions_micros", BigInteger),
    Column("conversion_value_micros", BigInteger),
    Column("conversion_value_expected_micros", BigInteger),
    campaign_key(),
    CheckConstraint("hours > 0", name="some_hours"),
)
"""How every running campaign stood at each hourly run: its last hours, as reported and as expected."""

optimal_hour_profiles = Table(
    "optimal_hour_profiles",
    metadata,
    *campaign_columns(primary_key=True),
    Column("learnt_at", UtcTime, primary_key=True),
    Column("samples", Integer, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("peaks", JSON(none_as_null=True), nullable=False),
    Column("valleys", JSON(none_as_null=True), nullable=False),
    Column("multipliers", JSON(none_as_null=True), nullable=False),
    Column("reason", Text, nullable=False),
    campaign_key(),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence_share"),
    CheckConstraint("samples >= 0", name="samples_counted"),
)
"""At which hours campaigns work, each time it was learnt."""

_STREAMED = 10_000
_NAMED = tuple(scaling_evaluations.c[name] for name in CAMPAIGN)
_AS_IT_IS = (
    *("batch", "rule_name", "rule_id", "rule_version", "old_budget_micros", "new_budget_micros", "currency", "reason"),
    *("metrics", "expected", "requires_approval", "missing", "would_change"),
)


def insert_rule(connection: Connection, rule: StoredRule) -> None:
    """Keep one version of a rule.

    Raises:
        Conflict: Somebody else wrote that version first.
    """
    row = row_of(scaling_rules, rule, rule_name=str(rule.fields["rule_name"]), fields=dict(rule.fields))
    if not insert_first(connection, scaling_rules, row):
        raise Conflict(f"rule {rule.rule_id} was changed by somebody else meanwhile; read it again and repeat")


def load_rules(connection: Connection) -> list[StoredRule]:
    """Return the rules that there are now, in their order."""
    newest = select(scaling_rules.c.rule_id, func.max(scaling_rules.c.version).label("version"))
    current = newest.group_by(scaling_rules.c.rule_id).subquery()
    query = (
        select(scaling_rules)
        .join(current, and_(scaling_rules.c.rule_id == current.c.rule_id, scaling_rules.c.version == current.c.version))
        .where(scaling_rules.c.deleted.is_(False))
        .order_by(scaling_rules.c.position, scaling_rules.c.rule_id)
    )
    return [read_row(StoredRule, row) for row in connection.execute(query)]


def load_rule_versions(connection: Connection, rule_id: int) -> list[StoredRule]:
    """Return every wording of a rule, the newest first.

    Raises:
        NotFound: There never was such a rule.
    """
    query = select(scaling_rules).where(scaling_rules.c.rule_id == rule_id).order_by(scaling_rules.c.version.desc())
    found = [read_row(StoredRule, row) for row in connection.execute(query)]
    if not found:
        raise NotFound(f"there is no rule {rule_id}; `adtempo budgets rules list` shows those there are")
    return found


def next_rule_id(connection: Connection) -> int:
    """Return a number that no rule ever had; two writers at once are told apart by `insert_rule`."""
    return (connection.scalar(select(func.max(scaling_rules.c.rule_id))) or 0) + 1


def insert_evaluations(
    connection: Connection, evaluations: Sequence[Evaluation], *, window: datetime, run: str
) -> dict[CampaignRef, int]:
    """Keep evaluations and return the ids of those that are new; the first word of a window stays."""
    insert_new(connection, scaling_evaluations, (_evaluation_row(one, window, run) for one in evaluations))
    table = scaling_evaluations.c
    query = select(table.id, *_NAMED).where(table.window_start == window, table.run == run)
    return {campaign_of(row): row.id for row in connection.execute(query)}


def load_evaluated(connection: Connection, window: datetime) -> set[CampaignRef]:
    """Return the campaigns of which something was said in a window."""
    query = select(*_NAMED).where(scaling_evaluations.c.window_start == window)
    return {campaign_of(row) for row in connection.execute(query)}


def update_vetoes(connection: Connection, vetoes: Mapping[int, Sequence[str]]) -> None:
    """Write down why evaluations could not be acted on, once that is known."""
    statement = scaling_evaluations.update().where(scaling_evaluations.c.id == bindparam("number"))
    if vetoes:
        connection.execute(statement, [{"number": number, "vetoes": list(said)} for number, said in vetoes.items()])


def list_evaluations(
    connection: Connection,
    *,
    since: datetime | None = None,
    campaign: CampaignRef | None = None,
    limit: int | None = None,
) -> list[tuple[int, Evaluation]]:
    """Return evaluations with their ids, the newest first."""
    table = scaling_evaluations.c
    query = select(scaling_evaluations).order_by(table.evaluated_at.desc(), table.id.desc())
    if since is not None:
        query = query.where(table.evaluated_at >= since)
    if campaign is not None:
        query = query.where(of(scaling_evaluations, campaign))
    return [read_evaluation(row._asdict()) for row in connection.execute(query.limit(limit))]


def find_evaluation(connection: Connection, campaign: CampaignRef, since: datetime) -> Evaluation | None:
    """Return the first evaluation of a campaign from a moment on, if there is one."""
    table = scaling_evaluations.c
    query = select(scaling_evaluations).where(of(scaling_evaluations, campaign), table.evaluated_at >= since)
    row = connection.execute(query.order_by(table.evaluated_at, table.id).limit(1)).one_or_none()
    return None if row is None else read_evaluation(row._asdict())[1]


def oldest_evaluation(connection: Connection) -> datetime | None:
    """Return when the oldest evaluation in the database was made; None without any."""
    query = select(scaling_evaluations.c.evaluated_at).order_by(scaling_evaluations.c.evaluated_at).limit(1)
    return connection.scalar(query)


def stream_evaluations(
    connection: Connection, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of evaluations from one moment on and before another, by campaign and time, some at a time."""
    table = scaling_evaluations.c
    query = select(scaling_evaluations).order_by(*_NAMED, table.evaluated_at)
    if since is not None:
        query = query.where(table.evaluated_at >= since)
    if until is not None:
        query = query.where(table.evaluated_at < until)
    for rows in connection.execute(query, execution_options={"yield_per": _STREAMED}).partitions():
        yield [row._asdict() for row in rows]


def delete_evaluations(connection: Connection, since: datetime, until: datetime, *, count: int) -> None:
    """Take the evaluations of a span out of the table, because a file holds them now.

    Raises:
        Conflict: They are not as many as the file holds.
    """
    table = scaling_evaluations
    here = and_(table.c.evaluated_at >= since, table.c.evaluated_at < until)
    if connection.execute(table.delete().where(here)).rowcount != count:
        raise Conflict("another process moved these evaluations in the meantime; nothing was changed")


def count_actions(connection: Connection, since: datetime, until: datetime) -> dict[BudgetAction, int]:
    """Return how often each action was asked for after one moment and up to another."""
    table = scaling_evaluations.c
    query = (
        select(table.action, func.count())
        .where(table.evaluated_at > since, table.evaluated_at <= until)
        .group_by(table.action)
    )
    return {BudgetAction(action): count for action, count in connection.execute(query)}


def insert_snapshots(connection: Connection, snapshots: Sequence[Snapshot]) -> None:
    """Keep how campaigns stood; the first snapshot of a window stays."""
    insert_new(connection, campaign_performance_snapshots, map(_snapshot_row, snapshots))


def delete_snapshots(connection: Connection, before: datetime) -> int:
    """Forget how campaigns stood before a moment (the ledger still knows), and return how many."""
    table = campaign_performance_snapshots
    return connection.execute(table.delete().where(table.c.window_start < before)).rowcount


def insert_profiles(connection: Connection, profiles: Iterable[HourProfile]) -> None:
    """Keep at which hours campaigns work."""
    table = optimal_hour_profiles
    insert_new(connection, table, (row_of(table, one, **asdict(one.campaign)) for one in profiles))


def load_profile(connection: Connection, campaign: CampaignRef, *, at: datetime) -> HourProfile | None:
    """Return what was last learnt of a campaign's hours up to a moment; None where nothing was."""
    table = optimal_hour_profiles
    query = (
        select(table).where(of(table, campaign), table.c.learnt_at <= at).order_by(table.c.learnt_at.desc()).limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    hours = {name: tuple(row._mapping[name]) for name in ("peaks", "valleys", "multipliers")}
    return read_row(HourProfile, row, campaign=campaign, **hours)


def _evaluation_row(one: Evaluation, window: datetime, run: str) -> dict[str, Any]:
    return row_of(
        scaling_evaluations,
        one,
        **asdict(one.campaign),
        window_start=window,
        run=run,
        evaluated_at=one.at,
        read_over=one.window,
        roas=one.metrics.get("roas"),
        roas_expected=one.expected.get("roas"),
        metrics=dict(one.metrics),
        expected=dict(one.expected),
        judgements=[
            [judged.action, judged.condition, judged.truth, judged.probability, judged.reported]
            for judged in one.judgements
        ],
    )


def read_evaluation(row: Mapping[str, Any]) -> tuple[int, Evaluation]:
    """Return a row of the table, or of a file that it moved to, with its number."""
    return row["id"], Evaluation(
        campaign=CampaignRef(*(row[name] for name in CAMPAIGN)),
        at=row["evaluated_at"],
        basis=Basis(row["basis"]),
        action=BudgetAction(row["action"]),
        judgements=tuple(
            Judgement(BudgetAction(action), condition, Truth(truth), probability, reported)
            for action, condition, truth, probability, reported in row["judgements"]
        ),
        window=row["read_over"],
        on_reported=BudgetAction(row["on_reported"]),
        vetoes=tuple(row["vetoes"]),
        **{name: row[name] for name in _AS_IT_IS},
    )


def _snapshot_row(one: Snapshot) -> dict[str, Any]:
    table = campaign_performance_snapshots
    return row_of(table, one, **asdict(one.campaign), **row_of(table, one.figures), window_start=one.window)
