"""Whether the expected figures deserve trust: claims that are scored later, and what their record says.

Once a day, in its last hour, what the day's return of the largest campaigns will come to is claimed in the ledger of
predictions. Where the 80% intervals of an account turn out to hold the truth clearly less often than that, its changes
on the expected basis need a person, until the record is good again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import Conflict
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import CELL, load_matured_table
from adtempo.predictions.claims import Claim
from adtempo.predictions.record import record_prediction
from adtempo.predictions.score import Share, share_of
from adtempo.store.engine import reading
from adtempo.store.predictions import load_compared

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

MODEL = "expected-roas"
CLAIMS_PER_ACCOUNT = 50
RECORD_DAYS = 30
CASES_MIN = 20
NOMINAL = 0.8

_LAST_HOUR = 23
_ENDS = ("low95", "low80", "high80", "high95")


def doubt_of(record: Share | None) -> str:
    """Return why expected figures are not trusted, from how often their 80% intervals held the truth; empty = they are.

    Args:
        record: Of the cases of RECORD_DAYS; None without any.
    """
    if record is None or record.count < CASES_MIN or record.high95 >= NOMINAL:
        return ""
    return (
        f"expected figures are not trusted at present: their 80% intervals held the truth in only {record.value:.0%} "
        f"of {record.count} cases of the last {RECORD_DAYS} days"
    )


def load_doubts(workspace: Workspace, at: datetime) -> dict[AccountRef, str]:
    """Return the accounts whose expected figures are not trusted at a moment, and why."""
    with reading(workspace.engine) as connection:
        compared = load_compared(connection, since=at - timedelta(days=RECORD_DAYS), until=at, model=MODEL)
    inside: dict[AccountRef, list[bool | None]] = defaultdict(list)
    for one in compared:
        account = one.prediction.scope.account
        if account is not None and one.comparison is not None:
            inside[account].append(one.comparison.inside80)
    doubts = {account: doubt_of(share_of(hits)) for account, hits in inside.items()}
    return {account: doubt for account, doubt in doubts.items() if doubt}


def claim_returns(workspace: Workspace, accounts: Collection[Account], *, at: datetime, actor: str) -> int:
    """Claim what today's return of each account's largest campaigns will come to; return how many claims are new.

    Only accounts whose local day is in its last hour are claimed for: what can still be clicked is little then, so the
    claim is about what is still to arrive.
    """
    made = 0
    for account in accounts:
        local = at.astimezone(account.zone)
        if local.hour != _LAST_HOUR:
            continue
        day = local.date()
        table = load_matured_table(
            workspace.ledger, FactQuery(by=CELL, since=day, until=day, accounts=[account.ref], as_of=at)
        )
        spend = table.facts.sums["spend_micros"] / 1e6
        final = table.conversion_value
        for place in np.argsort(-spend)[:CLAIMS_PER_ACCOUNT]:
            if spend[place] > 0 and not np.isnan(final.value[place]):
                ref = CampaignRef(*(str(table.facts.keys[name][place]) for name in CELL[:3]))
                ends = {end: float(getattr(final, end)[place] / spend[place]) for end in _ENDS}
                claim = Claim(
                    prediction_id=f"{MODEL}:{ref}:{day}",
                    metric="roas",
                    since=day,
                    until=day,
                    value=float(final.value[place] / spend[place]),
                    model=MODEL,
                    campaign=str(ref),
                    made_at=at,
                    interval=ends,
                )
                made += _record(workspace, claim, actor)
    return made


def _record(workspace: Workspace, claim: Claim, actor: str) -> bool:
    """Keep a claim, unless the same was claimed already in this hour: the first word counts."""
    try:
        record_prediction(workspace, claim, actor=actor)
    except Conflict:
        return False
    return True
