"""Gathering what limits and guardrails may look at: the only place where they get their facts from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection

from adtempo.changes.situation import MEMORY, Sent, Situation
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.changes import Change
from adtempo.facts.ledger import Ledger
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.store import changes as stored
from adtempo.store.accounts import load_account
from adtempo.store.halts import load_halt
from adtempo.store.ledger import load_watermarks
from adtempo.store.readings import Known, load_committed, load_known
from adtempo.store.state import load_restored_at

TOP_SHARE = 0.1
TOP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Scene:
    """One account at one moment; who records or sends locks it before looking, so that head-room is taken once.

    Attributes:
        now: The moment.
        account: Which account.
        known: What its campaigns were last seen to hold.
        facts_until: Up to when its facts are complete.
        halted: Why nothing may be sent; empty = it may.
        committed_micros: Daily budgets of all its running campaigns, and the rises in flight.
        on_their_way: The open change of each campaign that has one: its number, and the head-room that it reserves.
        sent: Its changes that were sent within MEMORY or last, and may have taken hold; by campaign, the oldest first.
    """

    now: datetime
    account: Account
    known: Mapping[CampaignRef, Known]
    facts_until: datetime | None
    halted: str
    committed_micros: int
    on_their_way: Mapping[CampaignRef, tuple[int, int]]
    sent: Mapping[CampaignRef, tuple[Sent, ...]]

    def with_change(self, change: Change) -> Scene:
        """Return the scene with one more open change; one of the same campaign makes room for it."""
        bare = self.without(change.campaign)
        return replace(
            bare,
            committed_micros=bare.committed_micros + change.reserved_micros,
            on_their_way={**bare.on_their_way, change.campaign: (change.id, change.reserved_micros)},
        )

    def without(self, campaign: CampaignRef) -> Scene:
        """Return the scene without the open change of a campaign, which does not stand in its own way."""
        if campaign not in self.on_their_way:
            return self
        left = dict(self.on_their_way)
        _, reserved = left.pop(campaign)
        return replace(self, committed_micros=self.committed_micros - reserved, on_their_way=left)


def load_scene(
    connection: Connection, ref: AccountRef, *, now: datetime, campaign: CampaignRef | None = None, past: bool = False
) -> Scene:
    """Return how an account stands.

    Args:
        connection: Any connection.
        ref: Which account.
        now: The moment, aware.
        campaign: The only one that is looked at; what the account has committed is of all all the same.
        past: Whether `now` may be long ago, so that what was done since must not be seen. Whoever records or sends sees
            everything, so that no clock that is wrong hides a change.

    Raises:
        NotFound: There is no such account.
    """
    until = now if past else None
    sent = defaultdict(list)
    for of, at, prior, target in stored.list_sent(connection, campaign or ref, now - MEMORY, until=until):
        sent[of].append(Sent(at, prior, target))
    return Scene(
        now=now,
        account=load_account(connection, ref),
        known=load_known(connection, ref, at=now, campaign=campaign),
        facts_until=load_watermarks(connection).get(ref),
        halted=load_halted(connection, until=until),
        committed_micros=load_committed(connection, ref, at=now) + stored.sum_reserved(connection, ref),
        on_their_way=stored.load_open(connection, campaign or ref, until=until),
        sent={of: tuple(changes) for of, changes in sent.items()},
    )


def load_halted(connection: Connection, *, until: datetime | None = None) -> str:
    """Return why nothing may be sent at present; empty = it may. `until` leaves out a halt that began later."""
    halt = load_halt(connection)
    if halt is not None and (until is None or halt.at <= until):
        because = f": {halt.reason}" if halt.reason else ""
        return f"{halt.by} halted all changes at {halt.at:%Y-%m-%d %H:%M} UTC{because}"
    restored_at = load_restored_at(connection)
    if restored_at is not None:
        return (
            f"the workspace was restored from a backup at {restored_at:%Y-%m-%d %H:%M} UTC; "
            "run adtempo changes reconcile first"
        )
    return ""


def see(scene: Scene, campaign: CampaignRef, *, top_spenders: Collection[CampaignRef] = ()) -> Situation:
    """Return how things stand around one campaign.

    Args:
        scene: Its account.
        campaign: Which campaign.
        top_spenders: The largest campaigns of the account.
    """
    known = scene.known.get(campaign)
    return Situation(
        now=scene.now,
        account=scene.account,
        known=None if known is None else known.state,
        facts_until=scene.facts_until,
        sent=scene.sent.get(campaign, ()),
        open_change=scene.on_their_way.get(campaign, (None,))[0],
        committed_micros=scene.committed_micros,
        halted=scene.halted,
        top_spender=campaign in top_spenders,
    )


def find_top_spenders(ledger: Ledger, account: Account, *, now: datetime) -> frozenset[CampaignRef]:
    """Return the top tenth, rounded up, of an account's campaigns by what they spent in the last seven closed days."""
    yesterday = now.astimezone(account.zone).date() - timedelta(days=1)
    facts = load_fact_table(
        ledger,
        FactQuery(
            by=("campaign_id",),
            since=yesterday - timedelta(days=TOP_DAYS - 1),
            until=yesterday,
            accounts=[account.ref],
            as_of=now,
        ),
    )
    spent = sorted(zip(facts.sums["spend_micros"].tolist(), facts.keys["campaign_id"].tolist(), strict=True))
    top = spent[len(spent) - ceil(TOP_SHARE * len(spent)) :]
    return frozenset(CampaignRef(account.ref.platform, account.ref.account_id, name) for _, name in top)
