"""One look at the vintages answers several groupings, each as if it had been asked alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from adtempo.domain.panels import QUANTITIES
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_table, load_matured_tables
from serving import NOW, open_market


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
