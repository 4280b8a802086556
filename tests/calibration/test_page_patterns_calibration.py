"""How often patterns are seen where there are none, and whether intervals hold the truth."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from adtempo.domain.messages import MessageHistory, PageAnalysis
from adtempo.messages.estimate import CHANCE_MAX, estimate_page
from adtempo.messages.segments import NO_SIGN
from adtempo.platforms.sandbox.clock import from_us
from adtempo.platforms.sandbox.pages import PageSpec, simulate_page
from adtempo.platforms.sandbox.spec import week_factors
from known_pages import SMALL, bank_of, history_at, some_page

pytestmark = pytest.mark.calibration

PAGES = 150


def analysed(page: PageSpec, number: int, rng: np.random.Generator, *, shuffled: bool) -> PageAnalysis:
    """Analyse four to thirty weeks of a page, its captions put into categories by chance if asked."""
    played = simulate_page(int(rng.integers(2**31)), page, date(2025, 1 + number % 12, 1), int(rng.integers(4, 30)))
    now = from_us(played.sent_us[-1])
    history = history_at(played, now)
    if shuffled:
        kinds = np.array(["a", "b", "c", "d"], dtype=object)
        ids, at = np.unique(history.caption_id.astype(str), return_inverse=True)
        kept = {name: getattr(history, name) for name in MessageHistory.__slots__}
        history = MessageHistory(**{**kept, "content_category": kinds[rng.integers(0, 4, len(ids))][at]})
    return estimate_page(history, bank_of(page), SMALL, now)


def test_flat_pages_show_hardly_any_pattern() -> None:
    """Each section says so on one flat page in a hundred: more than 8 of 150 have a probability below 1e-4."""
    rng = np.random.default_rng(5_001)
    found = [analysed(replace(some_page(n, rng), hours=()), n, rng, shuffled=True) for n in range(PAGES)]
    for name in ("hours", "weekdays", "categories"):
        chances = np.array([getattr(page, name).p_value for page in found])
        below = {limit: float(np.mean(chances < limit)) for limit in (CHANCE_MAX, 0.05, 0.1, 0.5)}
        print(f"| {name} | {' | '.join(f'{share:.1%}' for share in below.values())} |", flush=True)
        assert np.count_nonzero(chances < CHANCE_MAX) <= 8
    named = np.mean([page.segment.traits[0].answer != NO_SIGN for page in found])
    print(f"| early or late named | {named:.1%} |", flush=True)
    assert named < 0.05


def test_hours_that_differ_are_found_and_their_intervals_hold() -> None:
    """Of the hours that were used, weighted alike, more than 85% of the intervals hold the true factor."""
    rng = np.random.default_rng(5_002)
    held, seen, right = [], [], []
    for number in range(PAGES // 3):
        page = some_page(number, rng)
        if not page.hours:
            continue
        found = analysed(page, number, rng, shuffled=False)
        seen.append(found.hours.found)
        if not found.hours.found:
            continue
        true = week_factors(page.hours)
        counts = np.array([level.messages for level in found.hours.levels])
        true = true / np.exp(np.average(np.log(true), weights=counts))
        used = np.flatnonzero(counts)
        low, high = (np.array([getattr(found.hours.levels[n], end) for n in used]) for end in ("low95", "high95"))
        held.append(float(np.mean((low <= true[used]) & (true[used] <= high))))
        right.append(float(np.corrcoef(np.log(true[used]), np.log(found.hours.factors[used]))[0, 1]))
    cells = (f"{np.mean(seen):.0%}", f"{np.mean(held):.0%}", f"{np.mean(right):.2f}")
    print(f"| hours found, intervals hold, correlation | {' | '.join(cells)} |", flush=True)
    assert np.mean(seen) > 0.6
    assert np.mean(held) > 0.8
