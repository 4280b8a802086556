"""Leases: who may work on something right now, with a fencing number that outlives a paused holder.

A lease that ran out is still its holder's until somebody else takes it; every taking raises the fence, and whoever
writes on the strength of a lease checks owner and fence inside the same transaction. Rows are never deleted, so a fence
never repeats. Leases are about real time: a pretended `now` has no place here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    or_,
    select,
    tuple_,
)

from adtempo.domain.errors import LeaseBusy, LeaseLost
from adtempo.store.engine import Identifier, UtcTime, insert_into, metadata, transaction

leases = Table(
    "leases",
    metadata,
    Column("name", Identifier, primary_key=True),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", UtcTime),
    CheckConstraint("name <> ''", name="named"),
    CheckConstraint("owner <> ''", name="owned"),
    CheckConstraint("fence > 0", name="fence_positive"),
    CheckConstraint("(owner IS NULL) = (expires_at IS NULL)", name="free_or_held"),
)
"""One row per thing that was ever leased; no owner = free."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one thing.

    Attributes:
        name: What is leased, e.g. ``account:meta:123``.
        owner: Who holds it; unique per run, so that a restarted process is somebody else.
        fence: Rises with every taking, never repeats.
        expires_at: From when others may take it.
    """

    name: str
    owner: str
    fence: int
    expires_at: datetime


def take_leases(engine: Engine, names: Iterable[str], *, owner: str, now: datetime, ttl: timedelta) -> list[Lease]:
    """Take all the named leases, or none.

    They are taken in sorted order, so that two takers can wait for each other but never in a circle.

    Args:
        names: What to lease; repeated names count once.
        owner: Who takes them, unique per run.
        now: The real time, aware.
        ttl: For how long without renewal.

    Raises:
        LeaseBusy: Somebody else holds one of them; the message says who, and until when.
    """
    taken = []
    with transaction(engine) as connection:
        for name in sorted(set(names)):
            offer = insert_into(connection, leases).values(name=name, owner=owner, fence=1, expires_at=now + ttl)
            fence = connection.scalar(
                offer.on_conflict_do_update(
                    index_elements=[leases.c.name],
                    set_={"owner": owner, "fence": leases.c.fence + 1, "expires_at": now + ttl},
                    where=or_(leases.c.owner.is_(None), leases.c.expires_at <= now),
                ).returning(leases.c.fence)
            )
            if fence is None:
                holder = connection.execute(select(leases).where(leases.c.name == name)).one()
                raise LeaseBusy(
                    f"{name} is being worked on by {holder.owner}, at the latest until "
                    f"{holder.expires_at.isoformat(timespec='seconds')}; try again then"
                )
            taken.append(Lease(name, owner, fence, now + ttl))
    return taken


def renew_leases(engine: Engine, held: Sequence[Lease], *, now: datetime, ttl: timedelta) -> list[Lease]:
    """Extend leases to now + ttl and return them, also when they had run out but nobody took them.

    Raises:
        LeaseLost: Somebody took one of them; none is extended.
    """
    with transaction(engine) as connection:
        check_leases(connection, held)
        connection.execute(leases.update().where(_ours(held)).values(expires_at=now + ttl))
    return [Lease(lease.name, lease.owner, lease.fence, now + ttl) for lease in held]


def release_leases(engine: Engine, held: Sequence[Lease]) -> None:
    """Give leases back; those that somebody took meanwhile stay theirs."""
    with transaction(engine) as connection:
        connection.execute(leases.update().where(_ours(held)).values(owner=None, expires_at=None))


def delete_leases(connection: Connection, prefix: str, before: datetime) -> int:
    """Forget leases with names that begin so, which are free or ran out before a moment, and return how many.

    Only for names that nobody takes twice, such as one run's own: a name that is forgotten starts its fences anew.
    """
    done = or_(leases.c.owner.is_(None), leases.c.expires_at <= before)
    return connection.execute(leases.delete().where(leases.c.name.startswith(prefix, autoescape=True), done)).rowcount


def check_leases(connection: Connection, held: Sequence[Lease]) -> None:
    """Lock the leases until the caller's transaction ends, having made sure that they are still ours.

    An expired lease that nobody took is still ours: what matters is that nobody else worked meanwhile.

    Raises:
        LeaseLost: Somebody took, or we gave back, one of them.
    """
    names = [lease.name for lease in held]
    rows = connection.execute(
        select(leases).where(leases.c.name.in_(names)).order_by(leases.c.name).with_for_update()
    ).all()
    holders = {row.name: (row.owner, row.fence) for row in rows}
    for lease in held:
        owner, _ = holder = holders.get(lease.name, (None, 0))
        if holder != (lease.owner, lease.fence):
            taker = f"was taken over by {owner}" if owner not in (None, lease.owner) else "is no longer held"
            raise LeaseLost(f"the lease on {lease.name} {taker}; nothing was written, run it again")


def _ours(held: Sequence[Lease]) -> ColumnElement[bool]:
    keys = [(lease.name, lease.owner, lease.fence) for lease in held]
    return tuple_(leases.c.name, leases.c.owner, leases.c.fence).in_(keys)
