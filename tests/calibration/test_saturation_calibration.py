"""How right saturation is, by how much is known and in worlds that are bent."""

import numpy as np
import pytest

from adtempo.platforms.sandbox import pages
from known_pages import BENDS, Judged, judge_pages

pytestmark = pytest.mark.calibration

PAGES = 100
RANGES = ((20, 59), (60, 79), (60, 300), (150, 300))


def line(name: str, paid: tuple[int, int], judged: Judged) -> str:
    """Write a row of the table in docs/explain/saturation.md."""
    error = float(np.sqrt(np.mean((judged.said - judged.true) ** 2)))
    return (
        f"| {name} | {paid[0]}-{paid[1]} | {judged.rank_correlation:.2f} | {judged.right_zones:.0%} | {error:.3f} | "
        f"{judged.covered:.0%} | {judged.thin.mean():.0%} |"
    )


@pytest.mark.parametrize("paid", RANGES)
def test_pages_rank_by_their_true_saturation(paid: tuple[int, int]) -> None:
    """With 60 to 300 paid messages a rank correlation of 0.9 and 80% right zones are promised.

    Of 100 pages 92% are usually in the right zone, and the correlation is 0.97 (0.90 would be 5 deviations less by
    Fisher's z): a miss has a probability below 1e-5.
    """
    judged = judge_pages(6_001, PAGES, paid)
    print(line("as played", paid, judged), flush=True)
    assert judged.covered > 0.85
    if paid[0] >= 60 and paid[1] == 300:
        assert judged.rank_correlation >= 0.9
        assert judged.right_zones >= 0.8


@pytest.mark.parametrize("name", [name for name in BENDS if BENDS[name]])
def test_season_price_captions_and_growth_are_not_taken_for_saturation(name: str) -> None:
    """Prints what each bend costs; of 50 pages 38 are usually right, fewer than 25 with probability below 1e-4."""
    judged = judge_pages(6_002, PAGES // 2, (60, 300), BENDS[name])
    print(line(name, (60, 300), judged), flush=True)
    assert judged.right_zones >= 0.5


@pytest.mark.parametrize("half_life_hours", [36.0, 144.0])
def test_audiences_that_forget_sooner_or_later_are_judged_alike(
    half_life_hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prints the rows; the rank correlation is usually 0.93, below 0.75 with probability below 1e-5 (Fisher's z)."""
    monkeypatch.setattr(pages, "LOAD_HALF_LIFE_HOURS", half_life_hours)
    judged = judge_pages(6_003, PAGES // 2, (60, 300))
    print(line(f"half forgotten after {half_life_hours:.0f} h", (60, 300), judged), flush=True)
    assert judged.rank_correlation >= 0.75
