"""Laws of the week's estimates."""

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.dayparts.batch import Dayparts
from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.findings import Figures
from adtempo.dayparts.panel import HourlyPanel
from adtempo.dayparts.slots import add_up
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import CPA, CTR, ROAS

LAYOUTS = ("cells", "hours", "days", "week_parts", "times_of_day")


@st.composite
def panels(draw: st.DrawFn) -> HourlyPanel:
    """A few campaigns of any length, busy or silent, with holes."""
    campaigns, days = draw(st.integers(1, 4)), draw(st.integers(1, 24))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (campaigns, days, 24)
    bottoms = rng.poisson(draw(st.sampled_from([0.3, 5.0, 200.0])), shape)
    tops = rng.poisson(bottoms * draw(st.sampled_from([0.0, 0.05, 3.0])) * rng.gamma(2.0, 0.5, (campaigns, 1, 24)))
    return HourlyPanel(
        metric=draw(st.sampled_from([ROAS, CTR, CPA])),
        campaigns=tuple(CampaignRef("other", f"a{place % 2}", f"c{place}") for place in range(campaigns)),
        days=np.datetime64("2026-01-01", "D") + np.arange(days),
        numerators=tops * 1_000,
        denominators=bottoms * 1_000,
        shares=draw(st.sampled_from([None, rng.uniform(0.2, 1.0, shape)])),
    )


def all_figures(found: Dayparts) -> list[Figures]:
    return [getattr(found.figures, layout) for layout in LAYOUTS]


@settings(max_examples=40)
@given(panels())
def test_intervals_hold_their_point_and_doubts_are_shares(panel: HourlyPanel) -> None:
    for figures in all_figures(estimate_dayparts(panel)):
        known = ~np.isnan(figures.estimate)
        assert (figures.estimate_low <= figures.estimate)[known].all()
        assert (figures.estimate <= figures.estimate_high)[known].all()
        assert (figures.lift_low <= figures.lift)[known].all()
        assert (figures.lift <= figures.lift_high)[known].all()
        assert ((figures.q_value >= 0) & (figures.q_value <= 1))[known].all()
        assert np.isin(figures.label, (-1, 0, 1)).all()


@settings(max_examples=25)
@given(panels(), st.sampled_from([2, 1_000]))
def test_another_currency_changes_values_but_nothing_else(panel: HourlyPanel, times: int) -> None:
    one = estimate_dayparts(panel)
    other = estimate_dayparts(replace(panel, numerators=panel.numerators * times))
    for plain, dear in zip(all_figures(one), all_figures(other), strict=True):
        np.testing.assert_allclose(plain.lift, dear.lift, rtol=1e-6)
        np.testing.assert_allclose(plain.estimate * times, dear.estimate, rtol=1e-6)
        assert (plain.label == dear.label).all()


@settings(max_examples=25)
@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_campaigns_changes_nothing(panel: HourlyPanel, random: Random) -> None:
    order = list(range(len(panel)))
    random.shuffle(order)
    shuffled = HourlyPanel(
        metric=panel.metric,
        campaigns=tuple(panel.campaigns[place] for place in order),
        days=panel.days,
        numerators=panel.numerators[order],
        denominators=panel.denominators[order],
        shares=None if panel.shares is None else panel.shares[order],
    )
    one, other = estimate_dayparts(panel), estimate_dayparts(shuffled)
    for plain, mixed in zip(all_figures(one), all_figures(other), strict=True):
        np.testing.assert_allclose(plain.lift[order], mixed.lift, rtol=1e-9)
        assert (plain.label[order] == mixed.label).all()


@settings(max_examples=25)
@given(panels())
def test_every_layout_adds_up_to_the_same_totals(panel: HourlyPanel) -> None:
    found = estimate_dayparts(panel)
    for figures in all_figures(found):
        assert (figures.n.sum(axis=1) == found.samples).all()
        assert (figures.denominator.sum(axis=1) == found.figures.cells.denominator.sum(axis=1)).all()


@given(st.integers(0, 3))
def test_cells_add_up_however_they_are_cut(campaigns: int) -> None:
    cells = np.arange(campaigns * 168).reshape(campaigns, 7, 24)
    cut = add_up(cells)
    assert {int(getattr(cut, layout).sum()) for layout in LAYOUTS} == {int(cells.sum())}
