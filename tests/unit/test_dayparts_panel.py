"""Hours on the local calendar: a repeated hour counts twice, a skipped one not at all."""

import numpy as np
import pytest

from adtempo.dayparts.panel import HourlyPanel, lay_out_hours
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import ROAS

ONE, TWO = CampaignRef("meta", "a", "1"), CampaignRef("meta", "a", "2")


def dates(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]")


def test_facts_stand_at_their_campaign_day_and_hour() -> None:
    panel = lay_out_hours(ROAS, [ONE, TWO], [0, 1], dates("2026-03-02", "2026-03-04"), [5, 23], ([7, 8], [9, 10]))
    assert panel.days.tolist() == dates("2026-03-02", "2026-03-03", "2026-03-04").tolist()
    assert panel.weekdays.tolist() == [0, 1, 2]
    assert panel.numerators[0, 0, 5] == 7
    assert panel.denominators[1, 2, 23] == 10
    assert panel.denominators.sum() == 19
    assert len(panel) == 2


def test_an_hour_that_the_clock_shows_twice_keeps_both_showings() -> None:
    days = dates("2026-10-24", "2026-10-25", "2026-10-25", "2026-10-26")
    panel = lay_out_hours(ROAS, [ONE], [0] * 4, days, [2, 2, 2, 2], ([1, 2, 3, 4], [1, 1, 1, 1]), [1.0, 0.5, 0.25, 0.1])
    assert panel.days.tolist() == days.tolist()
    assert panel.numerators[0, :, 2].tolist() == [1, 2, 3, 4]
    assert panel.shares is not None
    assert panel.shares[0, :, 2].tolist() == [1.0, 0.5, 0.25, 0.1]
    assert panel.denominators[0, 2].sum() == 1


def test_an_hour_met_three_times_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than twice"):
        lay_out_hours(ROAS, [ONE], [0] * 3, dates(*["2026-10-25"] * 3), [2] * 3, ([1] * 3, [1] * 3))


def test_no_facts_make_an_empty_panel() -> None:
    panel = lay_out_hours(ROAS, [ONE], [], dates(), [], ([], []))
    assert panel.numerators.shape == (1, 0, 24)


def test_a_panel_of_another_shape_is_refused() -> None:
    hours = np.ones((1, 1, 24), np.int64)
    with pytest.raises(InvalidInput, match="campaigns x days x hours"):
        HourlyPanel(ROAS, (ONE,), dates("2026-03-02"), hours, hours[:, :, :23])


def test_a_part_of_a_panel_has_its_campaigns_and_shares() -> None:
    hours = np.arange(48).reshape(2, 1, 24)
    whole = HourlyPanel(ROAS, (ONE, TWO), dates("2026-03-02"), hours, hours, hours / 48)
    part = whole.part(slice(1, 2))
    assert part.campaigns == (TWO,)
    assert part.shares is not None
    assert part.shares[0, 0, 0] == 0.5
