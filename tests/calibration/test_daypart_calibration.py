"""How often true peaks are found and false ones named, how far intervals hold, and what borrowing is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.niches import learn_prior
from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.metrics import ROAS
from daypart_worlds import HourWorld, PlayedHours, play_hours

pytestmark = pytest.mark.calibration

SEEDS = (905, 906)
"""Held out: the method and its thresholds were chosen on other seeds, and these were played once, at the end."""

PLAIN = HourWorld()
FLAT = replace(PLAIN, factor=1.0)

WORLDS = {
    "no pattern": FLAT,
    "1.2x": replace(PLAIN, factor=1.2),
    "1.5x (the promise)": PLAIN,
    "2x": replace(PLAIN, factor=2.0),
    "no pattern, 6 clicks an hour": replace(FLAT, clicks=6.0),
    "1.5x, 6 clicks an hour": replace(PLAIN, clicks=6.0),
    "2x, 20 clicks an hour": replace(PLAIN, clicks=20.0, factor=2.0),
    "no pattern, 600 clicks an hour": replace(FLAT, clicks=600.0),
    "1.2x, 600 clicks an hour": replace(PLAIN, clicks=600.0, factor=1.2),
    "no pattern, 7 days": replace(FLAT, days=7),
    "1.5x on weekends only": replace(PLAIN, weekend_only=True),
    "2x on weekends only": replace(PLAIN, weekend_only=True, factor=2.0),
    "no pattern, uneven values": replace(FLAT, value_spread=1.0),
    "1.5x, usual values": replace(PLAIN, value_spread=0.4),
    "1.5x, uneven values": replace(PLAIN, value_spread=1.0),
    "1.5x, in value alone": replace(PLAIN, in_value=True),
    "no pattern, slow noise 20%": replace(FLAT, noise=0.2),
    "1.5x, slow noise 20%": replace(PLAIN, noise=0.2),
    "no pattern, trend 2% a day": replace(FLAT, trend=0.02),
    "1.5x, trend 2% a day": replace(PLAIN, trend=0.02),
    "1.5x, weekdays 20% apart": replace(PLAIN, weekday_spread=0.2),
    "no pattern, daily traffic": replace(FLAT, rhythm=True),
    "1.5x, daily traffic": replace(PLAIN, rhythm=True),
    "1.5x, and valleys of 0.6x": replace(PLAIN, valley=0.6),
    "1.5x, and valleys of 0.6x, 200 clicks an hour": replace(PLAIN, valley=0.6, clicks=200.0),
    "smooth wave of 30%": replace(FLAT, wave=0.3),
    "no pattern, 20 accounts": replace(FLAT, accounts=20),
    "1.5x, 20 accounts, each campaign its own hours": replace(PLAIN, accounts=20),
    "1.5x, 20 accounts, each account its own hours": replace(PLAIN, accounts=20, same=True),
}


@dataclass(frozen=True)
class Score:
    """What was measured in one world, over campaigns.

    Attributes:
        labelled: Share of hours labelled.
        silent: Share of campaigns without a usable pattern.
        recall: Share of true peak hours labelled as peaks.
        false: Share of the hours labelled as peaks that are none.
        covered: Share of the 168 cells whose true ROAS lies in the 95% interval.
        best: Mean error of the lift of the hour that looks best, as a ratio.
    """

    labelled: float
    silent: float
    recall: float
    false: float
    covered: float
    best: float

    def row(self) -> str:
        """Write it as cells of a table."""
        shares = (self.labelled, self.silent, self.recall, self.false, self.covered)
        return " | ".join([*(f"{share:.1%}" for share in shares), f"{self.best:+.1%}"])


def score(played: PlayedHours) -> Score:
    """Judge the estimates of a world by its truth."""
    found = estimate_dayparts(played.panel)
    hours, cells = found.figures.hours, found.figures.cells
    truth = played.cells.reshape(len(played.peaks), 7, 24).mean(axis=1)
    lift = truth / truth.mean(axis=1, keepdims=True)
    peak = hours.label == 1
    place = np.arange(len(peak)), hours.lift.argmax(axis=1)
    return Score(
        labelled=float((hours.label != 0).mean()),
        silent=float(found.abstained.mean()),
        recall=float((peak & played.peaks).sum() / played.peaks.sum()),
        false=float((peak & ~played.peaks).sum() / max(peak.sum(), 1)),
        covered=float(((cells.estimate_low <= played.cells) & (played.cells <= cells.estimate_high)).mean()),
        best=float((hours.lift[place] / lift[place]).mean() - 1),
    )


def test_peaks_are_found_and_noise_is_not_named() -> None:
    """Prints the table of docs/explain/dayparts.md, and asserts what is promised.

    800 campaigns a world: promises are kept with so much to spare that each would fail by chance with a probability
    below 1e-6, coverage over all cells of all worlds included (campaigns err alone, 20,000 of them).
    """
    print(
        "\n| world | hours labelled | abstained | recall | false | covered | best hour |\n|---|---|---|---|---|---|---|"
    )
    scores: dict[str, Score] = {}
    for name, world in WORLDS.items():
        parts = [score(play_hours(world, seed)) for seed in SEEDS]
        scores[name] = Score(
            *(float(np.mean([getattr(part, field) for part in parts])) for field in Score.__match_args__)
        )
        print(f"| {name} | {scores[name].row()} |", flush=True)
    for name, one in scores.items():
        if name.startswith("no pattern"):
            assert one.labelled <= 0.05, name
            assert one.silent >= 0.90, name
    promise = scores["1.5x (the promise)"]
    assert promise.recall >= 0.85
    assert promise.false <= 0.10
    assert 0.93 <= np.mean([one.covered for one in scores.values()]) <= 0.97


def lift_error(played: PlayedHours, lift: NDArray[np.float64]) -> float:
    """Return the root mean square error of lifts of hours of the day."""
    truth = played.cells.reshape(len(played.peaks), 7, 24).mean(axis=1)
    return float(np.sqrt(np.mean((lift - truth / truth.mean(axis=1, keepdims=True)) ** 2)))


@pytest.mark.parametrize("alike", [True, False])
def test_a_young_campaign_errs_less_with_its_niche(alike: bool) -> None:
    """Prints the error of campaigns three days old: their bare ratios, their own estimate, and with six other clients.

    Where the niche has hours in common the error falls to less than half, where it has none nothing is borrowed; over
    400 campaigns either would fail by chance with a probability below 1e-9.
    """
    world = HourWorld(campaigns=460, accounts=1 if alike else 460, same=alike, value_spread=0.4)
    played = play_hours(world, 103)
    whole = played.panel
    accounts = [AccountRef("other", f"n{place // 10}" if place < 60 else f"young{place}") for place in range(460)]
    refs = tuple(
        CampaignRef(account.platform, account.account_id, f"c{place}") for place, account in enumerate(accounts)
    )
    old = HourlyPanel(ROAS, refs[:60], whole.days, whole.numerators[:60], whole.denominators[:60])
    young = HourlyPanel(ROAS, refs[60:], whole.days[:3], whole.numerators[60:, :3], whole.denominators[60:, :3])
    own = estimate_dayparts(old).own
    prior = learn_prior(own, accounts[:60], [str(one) for one in accounts[:60]], accounts[-1], "young")
    assert (prior is not None) is alike
    truth = PlayedHours(young, played.peaks[60:], played.cells[60:])
    bare = young.numerators.sum(axis=1) / young.denominators.sum(axis=1)
    errors = {
        "bare ratios": lift_error(truth, bare / bare.mean(axis=1, keepdims=True)),
        "alone": lift_error(truth, estimate_dayparts(young).figures.hours.lift),
        "with its niche": lift_error(truth, estimate_dayparts(young, priors=[prior] * len(young)).figures.hours.lift),
    }
    print(f"\nniche with hours in common: {alike}:", {name: round(error, 3) for name, error in errors.items()})
    if alike:
        assert errors["with its niche"] < 0.5 * errors["alone"]
    assert errors["with its niche"] <= errors["alone"] < 0.6 * errors["bare ratios"]
