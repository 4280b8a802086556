"""Changes of campaigns on their way from proposal to outcome: one row each, and nothing can be sent without one.

What protects money is a constraint here: one row per campaign, policy and window; one open change per campaign; no
target above its cap; no rise that the account has no head-room for; at most one send, and none without an approval of
exactly what the row says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    literal_column,
    or_,
    select,
    text,
)

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import ENDED_IN_VAIN, OPEN, Approval, Change, State
from adtempo.domain.errors import NotFound
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Outcome, Verdict
from adtempo.store.accounts import accounts
from adtempo.store.engine import Identifier, Number, UtcTime, metadata
from adtempo.store.rows import CAMPAIGN, campaign_columns, campaign_key, campaign_of, of, read_row, row_of


def _in(column: str, states: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(state)) for state in sorted(states))})"


_IS_OPEN = text(_in("state", OPEN))
_TAKES_BACK = text(f"reverts IS NOT NULL AND NOT {_in('state', ENDED_IN_VAIN)}")
_SENT = {State.SENDING, State.UNKNOWN, State.REFUSED, State.NOT_APPLIED}
_PERHAPS_SENT = {State.APPLIED, State.REVERTED, State.EXTERNAL}
_RISE = (
    "(CASE WHEN new_status = 'active' THEN new_budget_micros ELSE 0 END)"
    " - (CASE WHEN old_status = 'active' THEN old_budget_micros ELSE 0 END)"
)

scaling_actions = Table(
    "scaling_actions",
    metadata,
    Column("id", Number, primary_key=True),
    *campaign_columns(),
    Column("policy_key", Identifier, nullable=False),
    Column("policy_title", Text, nullable=False),
    Column("policy", JSON(none_as_null=True), nullable=False),
    Column("window_start", UtcTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("old_budget_micros", BigInteger, nullable=False),
    Column("new_budget_micros", BigInteger, nullable=False),
    Column("asked_budget_micros", BigInteger, nullable=False),
    Column("old_status", Text, nullable=False),
    Column("new_status", Text, nullable=False),
    Column("cap_micros", BigInteger, nullable=False),
    Column("account_cap_micros", BigInteger, nullable=False),
    Column("account_after_micros", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", JSON(none_as_null=True), nullable=False),
    Column("verdicts", JSON(none_as_null=True), nullable=False),
    Column("limits", JSON(none_as_null=True), nullable=False),
    Column("digest", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("impressions", BigInteger),
    Column("doubt", Text, nullable=False),
    Column("evaluation_id", BigInteger),
    Column("run", Identifier, nullable=False),
    Column("reverts", ForeignKey("scaling_actions.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", UtcTime),
    Column("approved_digest", Text),
    Column("writer", Text),
    Column("fence", BigInteger),
    Column("sends", Integer, nullable=False),
    Column("sent_at", UtcTime),
    Column("resolve_after", UtcTime),
    Column("seen_budget_micros", BigInteger),
    Column("seen_status", Text),
    Column("seen_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("answer", Text, nullable=False),
    campaign_key(),
    UniqueConstraint("platform", "account_id", "campaign_id", "policy_key", "window_start", name="uq_one_per_window"),
    CheckConstraint(_in("state", State), name="state_known"),
    CheckConstraint(_in("action", set(BudgetAction) - {BudgetAction.MAINTAIN}), name="action_known"),
    CheckConstraint(f"{_in('old_status', Status)} AND {_in('new_status', Status)}", name="status_known"),
    CheckConstraint("policy_key <> '' AND reason <> '' AND actor <> ''", name="stated"),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    CheckConstraint("old_budget_micros >= 0 AND new_budget_micros > 0", name="budgets_positive"),
    CheckConstraint("(old_budget_micros = new_budget_micros) <> (old_status = new_status)", name="one_setting"),
    CheckConstraint(
        "state = 'blocked' OR new_budget_micros <= old_budget_micros OR new_budget_micros <= cap_micros",
        name="within_cap",
    ),
    CheckConstraint(
        f"state = 'blocked' OR {_RISE} <= 0 OR account_after_micros <= account_cap_micros", name="within_account"
    ),
    CheckConstraint("sends >= 0 AND sends <= 1", name="sent_once"),
    CheckConstraint("sends = 0 OR approved_digest = digest AND approved_digest IS NOT NULL", name="sent_as_approved"),
    CheckConstraint(
        "(sends > 0) = (sent_at IS NOT NULL) AND (sends > 0) = (fence IS NOT NULL)"
        " AND (sends <= 0 OR writer IS NOT NULL)",
        name="sent_under_lease",
    ),
    CheckConstraint(
        f"CASE WHEN {_in('state', _SENT)} THEN sends > 0 ELSE sends <= 0 OR {_in('state', _PERHAPS_SENT)} END",
        name="state_tells_sends",
    ),
    CheckConstraint(
        "(approved_at IS NULL) = (approved_by IS NULL) AND (approved_at IS NULL) = (approved_digest IS NULL)",
        name="approved_by_somebody",
    ),
    CheckConstraint(
        f"NOT {_in('state', {State.APPROVED, State.SENDING, State.UNKNOWN, State.APPLIED})} OR approved_at IS NOT NULL",
        name="approved_first",
    ),
    CheckConstraint("(state = 'unknown') = (resolve_after IS NOT NULL)", name="unknown_resolved_later"),
    CheckConstraint(f"({_in('state', OPEN | {State.PROPOSED})}) = (finished_at IS NULL)", name="finished_dated"),
    CheckConstraint(
        "(seen_at IS NULL) = (seen_status IS NULL) AND (seen_at IS NULL) = (seen_budget_micros IS NULL)",
        name="seen_whole",
    ),
    CheckConstraint("created_at < expires_at", name="expires_later"),
    Index(
        "uq_scaling_actions_open",
        *("platform", "account_id", "campaign_id"),
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    ),
    Index("uq_scaling_actions_reverts", "reverts", unique=True, sqlite_where=_TAKES_BACK, postgresql_where=_TAKES_BACK),
    Index("ix_scaling_actions_created_at", "created_at"),
    Index("ix_scaling_actions_run", "run"),
    sqlite_autoincrement=True,
)
"""One row per change; old_ and new_ are what the campaign must hold before and shall hold after."""

_AT_ONCE = 5_000
"""How many campaigns one query names: databases take some ten thousand parameters."""

_RESERVED: ColumnElement[int] = literal_column(f"CASE WHEN {_RISE} > 0 THEN {_RISE} ELSE 0 END", BigInteger)
"""What a change on its way takes of its account's head-room: a cut frees nothing before it is applied."""

_HELD = tuple(
    scaling_actions.c[name]
    for name in (*CAMPAIGN, "old_budget_micros", "old_status", "new_budget_micros", "new_status")
)


def lock_account(connection: Connection, ref: AccountRef) -> None:
    """Keep others from recording or sending changes of an account until the transaction ends."""
    connection.execute(select(accounts.c.account_id).where(of(accounts, ref)).with_for_update(key_share=True))


def insert_changes(connection: Connection, changes: Sequence[Change]) -> list[int]:
    """Record changes, at least one, and return their numbers in order; their own `id` is ignored.

    Raises:
        IntegrityError: A row breaks a constraint, such as a second open change of a campaign.
    """
    statement = scaling_actions.insert().returning(scaling_actions.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, [_row(change) for change in changes]).scalars())


def revise_change(connection: Connection, change_id: int, drafted: Change) -> None:
    """Replace what a change is about by what was drafted anew; its window, number and state stay."""
    kept = ("policy_key", "window_start", "state", "created_at", "actor", "run", "finished_at")
    own = ("approved_by", "approved_at", "approved_digest", "sends")
    row = {name: value for name, value in _row(drafted).items() if name not in (*kept, *own)}
    update_change(connection, change_id, **row)


def update_change(connection: Connection, change_id: int, **values: Any) -> None:
    """Change columns of one row."""
    connection.execute(scaling_actions.update().where(scaling_actions.c.id == change_id).values(values))


def load_change(connection: Connection, change_id: int, *, lock: bool = False) -> Change:
    """Return one change; with `lock`, others cannot change it until the transaction ends.

    Raises:
        NotFound: There is no such change.
    """
    query = select(scaling_actions).where(scaling_actions.c.id == change_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"there is no change {change_id}; `adtempo changes list` shows those there are")
    return _change(row)


def list_standing(
    connection: Connection, account: AccountRef, campaigns: Collection[CampaignRef], *, at: datetime
) -> list[Change]:
    """Return the wishes of campaigns that stand without being on their way, each campaign's oldest first.

    They are the suggestions that have not run out, and of each campaign and policy the newest change where that is a
    vetoed one.
    """
    table, found = scaling_actions.c, []
    suggested = and_(table.state == State.PROPOSED, table.created_at <= at, table.expires_at > at)
    names = sorted({ref.campaign_id for ref in campaigns})
    for first in range(0, len(names), _AT_ONCE):
        asked = and_(of(scaling_actions, account), table.campaign_id.in_(names[first : first + _AT_ONCE]))
        newest = select(func.max(table.id)).where(asked).group_by(table.campaign_id, table.policy_key)
        vetoed = and_(table.state == State.BLOCKED, table.id.in_(newest))
        query = select(scaling_actions).where(asked, or_(suggested, vetoed)).order_by(table.id)
        found += [_change(row) for row in connection.execute(query)]
    return found


def load_windows(connection: Connection, account: AccountRef, windows: Collection[datetime]) -> list[Change]:
    """Return the changes of an account that come from some windows."""
    query = select(scaling_actions).where(
        of(scaling_actions, account), scaling_actions.c.window_start.in_(sorted(windows))
    )
    return [_change(row) for row in connection.execute(query)]


def load_open(
    connection: Connection, ref: AccountRef | CampaignRef, *, until: datetime | None = None
) -> dict[CampaignRef, tuple[int, int]]:
    """Return the change that is on its way of each campaign that has one: its number, and what it reserves.

    `until` leaves out what was proposed later.
    """
    query = select(scaling_actions.c.id, *(scaling_actions.c[name] for name in CAMPAIGN), _RESERVED.label("reserved"))
    if until is not None:
        query = query.where(scaling_actions.c.created_at <= until)
    rows = connection.execute(query.where(of(scaling_actions, ref), _IS_OPEN))
    return {campaign_of(row): (row.id, row.reserved) for row in rows}


def sum_reserved(connection: Connection, account: AccountRef) -> int:
    """Return how much of an account's head-room the changes on their way reserve together."""
    query = select(func.coalesce(func.sum(_RESERVED), 0)).where(of(scaling_actions, account), _IS_OPEN)
    return int(connection.execute(query).scalar_one())


def list_changes(
    connection: Connection,
    *,
    states: Collection[State] | None = None,
    account: AccountRef | None = None,
    campaign: CampaignRef | None = None,
    run: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Change]:
    """Return changes, the newest first; `since` leaves that moment itself out, `before` is a number."""
    table = scaling_actions.c
    query = select(scaling_actions).order_by(table.id.desc()).limit(limit)
    if states is not None:
        query = query.where(table.state.in_(sorted(states)))
    if account is not None:
        query = query.where(of(scaling_actions, account))
    if campaign is not None:
        query = query.where(of(scaling_actions, campaign))
    if run is not None:
        query = query.where(table.run == run)
    if since is not None:
        query = query.where(table.created_at > since)
    if before is not None:
        query = query.where(table.id < before)
    return [_change(row) for row in connection.execute(query)]


def count_changes(connection: Connection, *, since: datetime, until: datetime) -> tuple[Counter[State], Counter[State]]:
    """Return how many changes ended between two moments, by how they ended, and how many stand at the second one."""
    table = scaling_actions.c
    ended = and_(table.finished_at > since, table.finished_at <= until)
    standing = and_(table.finished_at.is_(None), table.created_at <= until, table.expires_at > until)
    counts = []
    for which in (ended, standing):
        rows = connection.execute(select(table.state, func.count()).where(which).group_by(table.state))
        counts.append(Counter({State(state): count for state, count in rows}))
    return counts[0], counts[1]


def list_due(connection: Connection, now: datetime) -> list[Change]:
    """Return the changes that something must be done about, the newest first: crashed, to be read back, or run out."""
    table = scaling_actions.c
    waiting = table.state.in_([State.PROPOSED, State.AWAITING_APPROVAL, State.APPROVED])
    due = or_(table.state == State.SENDING, table.resolve_after <= now, and_(waiting, table.expires_at <= now))
    return [_change(row) for row in connection.execute(select(scaling_actions).where(due).order_by(table.id.desc()))]


def list_sent(
    connection: Connection, ref: AccountRef | CampaignRef, since: datetime, *, until: datetime | None = None
) -> list[tuple[CampaignRef, datetime, CampaignState, CampaignState]]:
    """Return what was sent to an account, or a campaign, since a moment and may have taken hold, the oldest first.

    The latest of each campaign is among them however old it is: a cool-down may be longer than anything else that looks
    back. Each is the campaign, when it was sent, what the campaign held before, and what it was told to hold. `until`
    leaves out what was sent later.
    """
    table = scaling_actions.c
    latest = func.max(table.sent_at).over(partition_by=table.campaign_id).label("latest")
    taken = table.state.not_in([State.REFUSED, State.NOT_APPLIED])
    asked = select(table.sent_at, *_HELD, latest).where(of(scaling_actions, ref), table.sent_at.is_not(None), taken)
    sent = (asked if until is None else asked.where(table.sent_at <= until)).subquery()
    query = select(sent).where((sent.c.sent_at >= since) | (sent.c.sent_at == sent.c.latest)).order_by(sent.c.sent_at)
    return [(campaign_of(row), row.sent_at, *_states(row)) for row in connection.execute(query)]


def load_seen(connection: Connection, change_id: int) -> tuple[CampaignState, datetime] | None:
    """Return what the first reading of a change with an unknown outcome found, and when; None before it."""
    table = scaling_actions
    row = connection.execute(select(table).where(table.c.id == change_id)).one()
    return None if row.seen_at is None else (_state(row.seen_budget_micros, row.seen_status), row.seen_at)


def find_revert(connection: Connection, change_id: int) -> Change | None:
    """Return the change that takes another one back, or tries to."""
    query = select(scaling_actions).where(scaling_actions.c.reverts == change_id, _TAKES_BACK)
    row = connection.execute(query).one_or_none()
    return None if row is None else _change(row)


def _row(change: Change) -> dict[str, Any]:
    approval = change.approval
    return row_of(
        scaling_actions,
        change,
        **asdict(change.campaign),
        policy=dict(change.policy),
        window_start=change.window,
        old_budget_micros=change.prior.budget_daily_micros,
        new_budget_micros=change.target.budget_daily_micros,
        old_status=change.prior.status,
        new_status=change.target.status,
        cap_micros=change.policy["budget_daily_max_micros"],
        account_cap_micros=change.policy["account_daily_max_micros"],
        evidence=dict(change.evidence),
        verdicts=[verdict.as_values() for verdict in change.verdicts],
        approved_by=approval and approval.by,
        approved_at=approval and approval.at,
        approved_digest=approval and approval.digest,
    )


def _change(row: Row[Any]) -> Change:
    approval = None
    prior, target = _states(row)
    if row.approved_at is not None:
        approval = Approval(row.approved_by, row.approved_at, row.approved_digest)
    return read_row(
        Change,
        row,
        campaign=campaign_of(row),
        action=BudgetAction(row.action),
        prior=prior,
        target=target,
        window=row.window_start,
        state=State(row.state),
        verdicts=tuple(_verdict(said) for said in row.verdicts),
        limits=tuple(row.limits),
        approval=approval,
    )


def _states(row: Row[Any]) -> tuple[CampaignState, CampaignState]:
    return _state(row.old_budget_micros, row.old_status), _state(row.new_budget_micros, row.new_status)


def _state(budget_micros: int, status: str) -> CampaignState:
    return CampaignState(budget_micros, Status(status))


def _verdict(said: Mapping[str, str]) -> Verdict:
    return Verdict(said["guardrail"], Outcome(said["outcome"]), said["reason"], said["advice"])
