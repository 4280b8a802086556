"""What the platforms were last seen to hold for campaigns, by the road's own readings and by syncs alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Connection, Table, Text, case, cast, func, select

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status, read_status
from adtempo.store.accounts import campaigns
from adtempo.store.attributes import load_sightings, select_sightings
from adtempo.store.engine import UtcTime, insert_into, metadata
from adtempo.store.rows import campaign_columns, campaign_key, campaign_of, of

campaign_readings = Table(
    "campaign_readings",
    metadata,
    *campaign_columns(primary_key=True),
    Column("budget_daily_micros", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("read_at", UtcTime, nullable=False),
    campaign_key(),
    CheckConstraint("budget_daily_micros >= 0", name="budget_not_negative"),
    CheckConstraint("status IN ('active', 'paused')", name="status_known"),
)
"""The newest reading of each campaign that a change was about."""

_HELD = ("budget_daily_micros", "status")


@dataclass(frozen=True, slots=True)
class Known:
    """What a campaign was last seen to hold, and when that was."""

    state: CampaignState
    at: datetime


def record_reading(connection: Connection, campaign: CampaignRef, state: CampaignState, at: datetime) -> None:
    """Keep what a platform holds; an older reading never replaces a newer one."""
    said = {"budget_daily_micros": state.budget_daily_micros, "status": state.status, "read_at": at}
    statement = insert_into(connection, campaign_readings).values(asdict(campaign) | said)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(campaign_readings.primary_key),
            set_=said,
            where=campaign_readings.c.read_at <= statement.excluded.read_at,
        )
    )


def load_known(
    connection: Connection, account: AccountRef, *, at: datetime, campaign: CampaignRef | None = None
) -> dict[CampaignRef, Known]:
    """Return what the campaigns of an account are known to hold: what facts show, or a later reading of ours."""
    known = load_shown(connection, account, at=at, campaign=campaign)
    table = campaign_readings
    for row in connection.execute(select(table).where(of(table, campaign or account), table.c.read_at <= at)):
        ref = campaign_of(row)
        if ref not in known or known[ref].at <= row.read_at:
            known[ref] = Known(CampaignState(row.budget_daily_micros, Status(row.status)), row.read_at)
    return known


def load_committed(connection: Connection, account: AccountRef, *, at: datetime) -> int:
    """Return the daily budgets of all running campaigns of an account together, in micros, as `load_known` has them."""
    seen = select_sightings(account, _HELD, at=at).subquery()
    budget, status = (func.max(case((seen.c.attribute == name, seen.c.value))).label(name) for name in _HELD)
    seen_at = func.max(seen.c.seen_observed_at).label("seen_at")
    shown = select(seen.c.campaign_id, budget, status, seen_at).group_by(seen.c.campaign_id).subquery()
    read = select(campaign_readings).where(of(campaign_readings, account), campaign_readings.c.read_at <= at).subquery()
    # Added up by the database: only what the words for a status mean is known here.
    newer = read.c.read_at >= shown.c.seen_at
    kinds = (shown.c.budget_daily_micros.is_not(None), shown.c.status, read.c.status, newer)
    said, held = cast(shown.c.budget_daily_micros, BigInteger), read.c.budget_daily_micros
    query = (
        select(*kinds, func.sum(said), func.sum(held))
        .select_from(campaigns)
        .outerjoin(shown, shown.c.campaign_id == campaigns.c.campaign_id)
        .outerjoin(read, read.c.campaign_id == campaigns.c.campaign_id)
        .where(of(campaigns, account))
        .group_by(*kinds)
    )
    total = 0
    for is_said, word, state, is_newer, said_micros, held_micros in connection.execute(query):
        stands = read_status(word) if is_said else None
        if state is not None and (stands is None or is_newer):
            total += int(held_micros) if state == Status.ACTIVE else 0
        elif stands is Status.ACTIVE:
            total += int(said_micros)
    return total


def load_shown(
    connection: Connection, account: AccountRef, *, at: datetime, campaign: CampaignRef | None = None
) -> dict[CampaignRef, Known]:
    """Return what facts show of the campaigns of an account.

    Campaigns whose budget nobody has said, and those that are neither running nor paused, are left out.
    """
    shown = {}
    seen = load_sightings(connection, account, _HELD, at=at, campaign=campaign)
    for ref, sighting in seen.items():
        budget, status = sighting.values.get("budget_daily_micros"), read_status(sighting.values.get("status"))
        if budget is not None and status is not None:
            shown[ref] = Known(CampaignState(int(budget), status), sighting.seen_at)
    return shown
