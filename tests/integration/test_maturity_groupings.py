"""One look at the vintages answers several groupings, each as if it had been asked alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from adtempo.domain.panels import QUANTITIES
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import load_matured_table, load_matured_tables
from serving import NOW, open_market

CURRENCIES = ("EUR", "INR", "JPY", "USD")


def test_groupings_asked_together_are_those_asked_alone_and_everything_adds_up(tmp_path: Path) -> None:
    facts = FactQuery(by=("platform",), since=(NOW - timedelta(days=10)).date(), until=NOW.date(), as_of=NOW)
    with open_market(tmp_path) as workspace:
        alone = load_matured_table(workspace.ledger, facts)
        together, total = load_matured_tables(workspace.ledger, facts, [("platform",), ()])
    np.testing.assert_array_equal(alone.conversion_value.value, together.conversion_value.value)
    np.testing.assert_array_equal(alone.conversions.low80, together.conversions.low80)
    for name in QUANTITIES:
        assert total.facts.sums[name].tolist() == [together.facts.sums[name].sum()]
    np.testing.assert_allclose(total.conversion_value.value, together.conversion_value.value.sum())
    assert total.conversion_value.low80 < total.conversion_value.value < total.conversion_value.high80


def test_groups_are_what_the_ledger_adds_up_itself_and_an_account_has_one_currency(tmp_path: Path) -> None:
    facts = FactQuery(by=("platform",), since=(NOW - timedelta(days=3)).date(), as_of=NOW)
    groupings = [("platform", "account_id", "campaign_id", "day_local"), ("day_local",), ("account_id",)]
    with open_market(tmp_path) as workspace:
        *grouped, by_currency = load_matured_tables(workspace.ledger, facts, [*groupings, ("currency", "day_local")])
        for by, table in zip(groupings, grouped, strict=True):
            assert list(table.facts.rows()) == list(load_fact_table(workspace.ledger, replace(facts, by=by)).rows())
    days = sorted({day for (day,), _ in grouped[1].facts.rows()})
    assert [key for key, _ in by_currency.facts.rows()] == [(one, day) for one in CURRENCIES for day in days]
