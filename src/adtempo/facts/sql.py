"""Questions of one's own: read-only SQL over views of the current facts, in a DuckDB that can touch nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import QUANTITIES, FactTable
from adtempo.facts.evaluations import load_evaluation_table
from adtempo.facts.freshness import load_heard
from adtempo.facts.ledger import Ledger, open_duckdb, query
from adtempo.facts.load import FactQuery, load_fact_table, load_reach
from adtempo.store.accounts import load_accounts, load_campaigns
from adtempo.store.engine import reading
from adtempo.store.rows import CAMPAIGN

MEMORY_MB = 4_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to: names of columns, and rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def answer_sql(ledger: Ledger, sql: str, *, now: datetime) -> Answer:
    """Run one question over the views that stand in VIEWS.

    Only the views that the question names are built. Amounts are in the account's currency; in evaluations, micros.

    Raises:
        InvalidInput: The question cannot be answered; the message says what DuckDB says.
    """
    with open_duckdb([], memory_mb=MEMORY_MB) as con:
        for view, build in VIEWS.items():
            if view in sql.lower():
                keys, source = build(ledger, now)
                con.register(f"{view}_facts" if keys else view, source)
                if keys:
                    con.execute(query("metrics", view=view, keys=keys, source=f"{view}_facts"))
        try:
            statements = con.extract_statements(sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise InvalidInput(f"ask one SELECT over the views {', '.join(VIEWS)}; nothing can be changed")
            cursor = con.execute(sql)
            return Answer(tuple(column[0] for column in cursor.description or ()), cursor.fetchall())
        except duckdb.Error as problem:
            raise InvalidInput(f"the question cannot be answered: {problem}; views: {', '.join(VIEWS)}") from None


def _campaign_metrics(ledger: Ledger, now: datetime) -> tuple[tuple[str, ...], pa.Table]:
    facts = load_fact_table(ledger, FactQuery(by=(*CAMPAIGN, "day_local"), as_of=now))
    known = load_reach(ledger, FactQuery(by=CAMPAIGN, as_of=now))
    days = facts.keys["day_local"].astype(object)
    reach = [known.get((CampaignRef(*entity), day)) for *entity, day in zip(*_texts(facts), days, strict=True)]
    return CAMPAIGN, _table(ledger, facts, now, {"reach": pa.array(reach, pa.int64())})


def _creative_metrics(ledger: Ledger, now: datetime) -> tuple[tuple[str, ...], pa.Table]:
    facts = load_fact_table(ledger, FactQuery(by=(*CAMPAIGN, "creative_id", "day_local"), as_of=now))
    creative = pa.array(facts.keys["creative_id"], pa.string())
    return (*CAMPAIGN, "creative_id"), _table(ledger, facts, now, {"creative_id": creative})


def _daypart_performance(ledger: Ledger, now: datetime) -> tuple[tuple[str, ...], pa.Table]:
    facts = load_fact_table(ledger, FactQuery(by=(*CAMPAIGN, "day_local", "hour_of_week"), as_of=now))
    with reading(ledger.engine) as connection:
        niches = {one.ref: one.niche for one in load_campaigns(connection, at=now)}
    hours = facts.keys["hour_of_week"]
    niche = [niches.get(CampaignRef(*entity)) for entity in zip(*_texts(facts), strict=True)]
    parts = {
        "niche": pa.array(niche, pa.string()),
        "hour_of_day": pa.array(hours % 24),
        "day_of_week": pa.array(hours // 24),
    }
    return (*CAMPAIGN, *parts), _table(ledger, facts, now, parts)


VIEWS: Mapping[str, Callable[[Ledger, datetime], tuple[tuple[str, ...], pa.Table]]] = {
    "campaign_metrics": _campaign_metrics,
    "creative_metrics": _creative_metrics,
    "daypart_performance": _daypart_performance,
    "scaling_evaluations": lambda ledger, _now: ((), load_evaluation_table(ledger)),
}
"""Name of a view, and how its keys and figures are found; without keys it is shown as it is. Monday is day 0."""


def _texts(facts: FactTable) -> tuple[np.ndarray[Any, Any], ...]:
    return tuple(facts.keys[name] for name in CAMPAIGN)


def _table(ledger: Ledger, facts: FactTable, now: datetime, more: Mapping[str, pa.Array]) -> pa.Table:
    with reading(ledger.engine) as connection:
        heard = load_heard(connection, now)
        currencies = {account.ref: account.currency for account in load_accounts(connection)}
    platforms, accounts, _ = _texts(facts)
    refs = [AccountRef(*pair) for pair in zip(platforms, accounts, strict=True)]
    synced = [heard.get(ref) for ref in refs]
    columns = {
        **{name: pa.array(facts.keys[name], pa.string()) for name in CAMPAIGN},
        **{name: pa.array(facts.sums[name], mask=~facts.measured[name]) for name in QUANTITIES},
        "currency": pa.array([currencies[ref] for ref in refs], pa.string()),
        "reach": pa.nulls(len(facts), pa.int64()),
        "date": pa.array(facts.keys["day_local"]),
        "synced_at": pa.array(
            [moment and moment.astimezone(UTC).replace(tzinfo=None) for moment in synced], pa.timestamp("us")
        ),
        **more,
    }
    return pa.table(columns)
