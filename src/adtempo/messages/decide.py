"""What a page should send next week: volume, times, captions, and what that should earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.messages import (
    CaptionBank,
    CaptionPosteriors,
    Floats,
    MessageHistory,
    MessageType,
    PageAnalysis,
)
from adtempo.messages.assign import Choice, assign_captions, check_supply, mix_of
from adtempo.messages.captions import estimate_captions, performance_scores
from adtempo.messages.estimate import estimate_sections
from adtempo.messages.response import PageResponse, draw_conditions, estimate_response
from adtempo.messages.slots import Slot, SlotPlan, Week, plan_slots
from adtempo.messages.tiers import WINDOW, classify_page
from adtempo.messages.volume import Volume, plan_volume

DRAWS = 2_000

PLANS_WORTH = 8
"""What is known to be unsure of a plan counts for how far plans miss like so many past plans of the page."""

_Z80_WIDTH = 2 * 1.2816


@dataclass(frozen=True, slots=True, eq=False)
class PageConditions:
    """What a week is planned from.

    Attributes:
        zone: The page's own.
        hours: Allowed hours of the local day.
        quiet_days: Weekdays without messages, Monday = 0.
        history: What the page sent.
        bank: The captions it may use.
        free_at: When captions that are locked or were sent lately may be sent again, by id.
        around: Messages of the weeks before and after, and all that are planned before.
        misses: Logarithm of real / planned value of the page's past weeks.
    """

    zone: ZoneInfo
    hours: frozenset[int]
    quiet_days: frozenset[int]
    history: MessageHistory
    bank: CaptionBank
    free_at: Mapping[str, datetime]
    around: tuple[Slot, ...]
    misses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What a week is expected to earn, micros, with the ends of its 80% and 95% intervals."""

    value: int
    low95: int
    low80: int
    high80: int
    high95: int


@dataclass(frozen=True, slots=True, eq=False)
class WeekPlan:
    """A recommended week.

    Attributes:
        analysis: What is known of the page.
        volume: How much it sends.
        slots: When.
        captions: Position in the bank for each slot.
        performance: Probability that the caption of each slot earns more than the typical one, shape (slots,).
        expected_micros: What each message should earn, shape (slots,).
        planned: What all should earn together.
        notes: What had to bend, in sentences.
    """

    analysis: PageAnalysis
    volume: Volume
    slots: SlotPlan
    captions: tuple[int, ...]
    performance: Floats
    expected_micros: Floats
    planned: Planned
    notes: tuple[str, ...]


def recommend_week(page: PageConditions, start: date, now: datetime, seed: int) -> WeekPlan:
    """Return the week that should earn most without wearing out the audience or repeating itself.

    Args:
        start: First local day of seven.
        now: The moment, aware: nothing is planned before it.

    Raises:
        CaptionsExhausted: Too few captions have rested.
        WeekInfeasible: The messages do not fit the page's conditions.
    """
    response = estimate_response(page.history, now)
    posteriors = estimate_captions(response, page.history, page.bank, now)
    analysis = estimate_sections(response, posteriors, page.history, classify_page(page.history, now), now)
    volume = plan_volume(analysis.classification.tier, analysis.saturation.score)
    mix = mix_of(analysis.segment)
    places = page.bank.places
    free_at = {places[caption]: moment for caption, moment in page.free_at.items() if caption in places}
    rested = np.ones(len(page.bank), dtype=bool)
    rested[list(free_at)] = False
    check_supply(volume.ppv, volume.bump, page.bank.price_tier, rested, free_at, mix)
    hour_values = analysis.hours.factors
    slots = plan_slots(
        Week(
            start=start,
            zone=page.zone,
            ppv=volume.ppv,
            bump=volume.bump,
            gap=timedelta(minutes=volume.gap_minutes),
            hour_values=hour_values,
            cooling_days=volume.cooling_days,
            hours=page.hours,
            quiet_days=page.quiet_days,
            not_before=now,
            around=page.around,
        )
    )
    rng = np.random.default_rng(seed)
    local = [slot.at.astimezone(page.zone) for slot in slots.slots]
    worth = hour_values[np.array([24 * moment.weekday() + moment.hour for moment in local], dtype=np.int64)]
    choice = assign_captions(slots.slots, worth, page.bank, posteriors, rested, mix, zone=page.zone, rng=rng)
    expected, planned = _value(page, response, posteriors, slots.slots, worth, choice, now, rng)
    return WeekPlan(
        analysis=analysis,
        volume=volume,
        slots=slots,
        captions=tuple(choice.captions.tolist()),
        performance=performance_scores(posteriors, choice.captions),
        expected_micros=expected,
        planned=planned,
        notes=(*slots.notes, *choice.bends),
    )


def _usual_recipients(history: MessageHistory, now: datetime) -> float:
    """Return how many fans a paid message of the last 28 days reached, or any one where those are none: the median."""
    since = np.datetime64((now - WINDOW).replace(tzinfo=None), "us")
    lately = history.paid & (history.sent_at > since)
    return float(np.median(history.recipients[lately if lately.any() else history.paid]))


def _value(
    page: PageConditions,
    response: PageResponse | None,
    posteriors: CaptionPosteriors,
    slots: Sequence[Slot],
    worth: Floats,
    choice: Choice,
    now: datetime,
    rng: np.random.Generator,
) -> tuple[Floats, Planned]:
    """Return what each message should earn, shape (slots,), and what they should earn together."""
    paid = np.array([slot.kind is MessageType.PPV for slot in slots], dtype=bool)
    used, expected = choice.captions[paid], np.zeros(len(slots))
    if response is None or not len(used):
        return expected, Planned(0, 0, 0, 0, 0)
    before = [one for one in page.around if one.kind is MessageType.PPV and now < one.at < slots[0].at]
    sent = [one.at.replace(tzinfo=None) for one in (*before, *slots) if one.kind is MessageType.PPV]
    placed = draw_conditions(response, np.array(sent, dtype="datetime64[us]"), rng, DRAWS)[:, len(before) :]
    reach, price = _usual_recipients(page.history, now) * worth[paid], posteriors.price_micros[used]
    expected[paid] = reach * posteriors.shape[used] / posteriors.recipients[used] * price * placed.mean(axis=0)
    value = float(expected.sum())
    rates = rng.standard_gamma(posteriors.shape[used], (DRAWS, len(used))) / posteriors.recipients[used]
    totals = (rng.poisson(rates * reach * placed) * price).sum(axis=1)
    ends = np.quantile(totals, [0.025, 0.1, 0.9, 0.975])
    if ends[0] > 0:
        ends = value * (ends / value) ** _widening(float(np.log(ends[2] / ends[1])) / _Z80_WIDTH, page.misses)
    return expected, Planned(round(value), *(round(float(end)) for end in ends))


def _widening(spread: float, misses: Sequence[float]) -> float:
    """Return how many times wider an interval must be for a page whose plans missed by so much."""
    learnt = (PLANS_WORTH * spread**2 + sum(miss**2 for miss in misses)) / (PLANS_WORTH + len(misses))
    return float(learnt**0.5 / spread)
