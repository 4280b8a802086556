"""Sandbox campaigns whose true response is known: what schedules are worth, against flat and against the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.findings import CampaignDayparts
from adtempo.dayparts.panel import HourlyPanel, lay_out_hours
from adtempo.dayparts.response import HourResponse, learn_response
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import CPM, ROAS
from adtempo.platforms.sandbox.spec import DAILY_TRAFFIC, AccountSpec, AdSpec, CampaignSpec, WorldSpec
from adtempo.platforms.sandbox.truth import expected_outcome
from adtempo.platforms.sandbox.world import Play, World

Floats = NDArray[np.float64]

LEARNT_DAYS, JUDGED_DAYS = 30, 28


@dataclass(frozen=True, eq=False)
class Trial:
    """One campaign: what was found in its first days, and what is true of the days after.

    Attributes:
        play: The campaign.
        found: What was found.
        response: What money was learnt to bring.
        budget: Daily budget in micros.
    """

    play: Play
    found: CampaignDayparts
    response: HourResponse | None
    budget: int

    def worth(self, week: Floats) -> float:
        """Return the true ROAS of spending these amounts in each hour of the week, over the days after."""
        clock = self.play.stage.clock
        spend = week[clock.hour_of_week]
        after = slice(int(clock.day_starts[LEARNT_DAYS]), None)
        return float(expected_outcome(self.play, spend).value_micros[after].sum() / spend[after].sum())

    def luck(self) -> float:
        """Return how far noise moved the true ROAS of its pacing from the days learnt to those after."""
        play = self.play
        spend, end = play.delivery.spend_micros.sum(axis=1).astype(np.float64), play.stage.clock.day_starts[LEARNT_DAYS]
        value = expected_outcome(play, spend).value_micros
        before, after = (value[part].sum() / spend[part].sum() for part in (slice(end), slice(end, None)))
        return float(before / after - 1)

    @property
    def flat(self) -> Floats:
        """The budget spent evenly."""
        return np.full(168, self.budget / 24)

    def modified(self, multipliers: Sequence[float] | None = None) -> Floats:
        """The budget spent as the platform does by itself, with modifiers on top where there are any."""
        assert self.response is not None
        week = self.response.usual * (1.0 if multipliers is None else np.array(multipliers))
        return np.asarray(week * self.flat.sum() / week.sum())

    def best(self) -> Floats:
        """The best way to spend the budget over the 24 hours of every day, found by search."""

        def loss(logits: Floats) -> float:
            return -self.worth(np.tile(_shares(logits), 7) * self.budget)

        found = minimize(loss, np.zeros(24), method="L-BFGS-B", options={"maxiter": 60})
        return np.tile(_shares(found.x), 7) * self.budget


def _shares(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def market(
    *campaigns: CampaignSpec,
    seed: int,
    traffic: tuple[float, ...] = DAILY_TRAFFIC,
    platform: str = "tiktok",
) -> list[Trial]:
    """Play campaigns, learn from their first days, and return what can be judged on the days after."""
    account = AccountSpec(platform, "t1", "Test", "UTC", "EUR", campaigns, traffic=traffic)
    world = World(WorldSpec(seed, date(2026, 1, 5), LEARNT_DAYS + JUDGED_DAYS, (account,)))
    plays = {account.campaign_ref(one): world.play(account.campaign_ref(one)) for one in campaigns}
    panel, delivery = (_panel(plays, metric) for metric in (ROAS, CPM))
    found = estimate_dayparts(panel)
    trials = []
    for place, play in enumerate(plays.values()):
        only = slice(place, place + 1)
        one = found.campaign(place)
        response = learn_response(one, panel.part(only), delivery.part(only))
        trials.append(Trial(play, one, response, play.stage.campaign.budget_daily_micros))
    return trials


def _panel(plays: dict[CampaignRef, Play], metric: object) -> HourlyPanel:
    refs, places, days, hours, tops, bottoms = list(plays), [], [], [], [], []
    for place, play in enumerate(plays.values()):
        clock, counts = play.stage.clock, play.final_counts()
        end = int(clock.day_starts[LEARNT_DAYS])
        top, bottom = (
            (counts.conversion_value_micros, counts.spend_micros)
            if metric is ROAS
            else (counts.spend_micros, counts.impressions)
        )
        places.append(np.full(end, place))
        days.append(np.datetime64("2026-01-05") + clock.day[:end])
        hours.append(clock.hour_of_day[:end])
        tops.append(top.sum(axis=1)[:end])
        bottoms.append(bottom.sum(axis=1)[:end])
    parts = [np.concatenate(one) for one in (places, days, hours, tops, bottoms)]
    return lay_out_hours(ROAS if metric is ROAS else CPM, refs, parts[0], parts[1], parts[2], (parts[3], parts[4]))


def campaign(campaign_id: str, **changes: object) -> CampaignSpec:
    """A campaign of 60 clicks an hour at 3%, with diminishing returns and noise, changed as told."""
    plain = CampaignSpec(
        campaign_id=campaign_id,
        name=campaign_id,
        ads=(AdSpec(f"{campaign_id}a", "creative"),),
        budget_daily_micros=1_484_540_000,
        cpm_micros=10_000_000,
        ctr=0.0125,
        cvr=0.03,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
