"""A small world for tests of the road to money: one armed account in the sandbox market, and proposals for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import worlds
from adtempo.changes.assemble import Scene
from adtempo.changes.propose import draft_change
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import Change
from adtempo.domain.policies import Policy
from adtempo.domain.proposals import BudgetAction, Proposal
from adtempo.domain.roles import Person, Role
from adtempo.platforms.sandbox.edits import Field
from adtempo.platforms.sandbox.market import Market, create_market
from adtempo.store.accounts import campaigns, change_account, register_accounts
from adtempo.store.engine import transaction
from adtempo.store.ledger import ledger_batches, watermarks
from adtempo.store.readings import Known, record_reading
from adtempo.workspace import Workspace

ACCOUNT = AccountRef("tiktok", "t1")
EURO = 1_000_000
BUDGET = 200 * EURO
ACTIVE = CampaignState(BUDGET, Status.ACTIVE)
EDITED = Field.BUDGET
ANN = Person(1, "ann", Role.APPROVER)
BOB = Person(2, "bob", Role.ADMIN)
VERA = Person(3, "vera", Role.VIEWER)


def campaign(number: int = 1) -> CampaignRef:
    """One campaign of the account."""
    return CampaignRef(ACCOUNT.platform, ACCOUNT.account_id, str(number))


def policy(**changes: Any) -> Policy:
    """A policy in whose limits a raise of 10% passes without a person."""
    said: dict[str, Any] = {
        "key": "rule:1",
        "title": "Default v1",
        "budget_daily_min_micros": 10 * EURO,
        "budget_daily_max_micros": 1000 * EURO,
        "account_daily_max_micros": 5000 * EURO,
        "approval_above_micros": 500 * EURO,
        "auto_approve_up_to_micros": 100 * EURO,
    }
    return Policy(**said | changes)


def proposal(now: datetime, number: int = 1, euros: float = 220, **changes: Any) -> Proposal:
    """A proposal to raise, or lower, a campaign's daily budget of 200 euros."""
    said: dict[str, Any] = {
        "campaign": campaign(number),
        "action": BudgetAction.SCALE_UP if euros > 200 else BudgetAction.SCALE_DOWN,
        "prior": ACTIVE,
        "target": CampaignState(round(euros * EURO), Status.ACTIVE),
        "currency": "EUR",
        "policy": policy(),
        "window": now.replace(minute=0, second=0, microsecond=0),
        "reason": "ROAS 3.50x (>3.0x)",
        "as_of": now,
        "batch": 1,
        "impressions": 5000,
        "run": f"budgets:{now.isoformat()}",
    }
    return Proposal(**said | changes)


def pause(now: datetime, number: int = 1, **changes: Any) -> Proposal:
    """A proposal to pause a campaign."""
    target = CampaignState(BUDGET, Status.PAUSED)
    return proposal(now, number, action=BudgetAction.PAUSE, target=target, **changes)


def bare_change(now: datetime, **changes: Any) -> Change:
    """A change as it would be drafted for a small raise, in an account that nothing is wrong with."""
    account = Account(ACCOUNT, "Europe/Berlin", "EUR", armed=True)
    scene = Scene(now, account, {campaign(): Known(ACTIVE, now)}, now, "", BUDGET, {}, {})
    return replace(draft_change(scene, proposal(now), actor="test"), **changes)


def furnish(workspace: Workspace, *, count: int = 1, armed: bool = True, source: str = "sandbox") -> Market:
    """Fill a home with the account, its campaigns at 200 euros a day, facts up to now, and the market behind it."""
    now = workspace.now()
    market = build_market(workspace.home / "sandbox", count)
    with transaction(workspace.engine) as connection:
        account = Account(ACCOUNT, "Europe/Berlin", "EUR", "Test", source)
        register_accounts(connection, [account], at=now - timedelta(days=30))
        change_account(connection, ACCOUNT, armed=armed)
        for number in range(1, count + 1):
            ref = campaign(number)
            key = {"platform": ref.platform, "account_id": ref.account_id, "campaign_id": ref.campaign_id}
            connection.execute(campaigns.insert().values(**key, first_seen_at=now - timedelta(days=30)))
            record_reading(connection, ref, ACTIVE, now - timedelta(hours=1))
        bring_facts(connection, now, 1)
    return market


def build_market(folder: Path, count: int = 1) -> Market:
    """Make a market whose campaigns hold 200 euros a day."""
    specs = [worlds.plain_campaign(str(number), budget_daily_micros=BUDGET) for number in range(1, count + 1)]
    return create_market(folder, worlds.world(*specs))


def bring_facts(connection: Any, at: datetime, batch: int) -> None:
    """Note that a batch of facts came in, complete up to a moment."""
    said = {"kind": "sync", "source": "sandbox", "actor": "test", "published_at": at, "observed_at": at}
    counts = dict.fromkeys(("rows", "posted", "restated", "unchanged", "rejected"), 0)
    connection.execute(ledger_batches.insert().values(batch=batch, accounts=[str(ACCOUNT)], **said, **counts))
    connection.execute(watermarks.delete())
    connection.execute(
        watermarks.insert().values(
            platform=ACCOUNT.platform,
            account_id=ACCOUNT.account_id,
            complete_until=at.astimezone(UTC),
            observed_at=at,
            batch=batch,
        )
    )


def held(market: Market, now: datetime, number: int = 1) -> CampaignState:
    """What the market holds for a campaign."""
    return market.load_state(campaign(number), now)
