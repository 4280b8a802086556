"""Captions in slots: hard conditions hold, preferences bend only when they must, and the plan says where."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.domain.errors import CaptionsExhausted
from adtempo.domain.messages import CaptionBank, CaptionPosteriors, Floats, MessageType, Segment
from adtempo.messages.assign import MIX_USUAL, Choice, assign_captions, check_supply, mix_of
from adtempo.messages.captions import EXPLORATION
from adtempo.messages.slots import Slot

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 3, 9, 8, tzinfo=UTC)
TIERS = ("Budget", "Mid", "Premium", "Free")


def bank_of(size: int, categories: int = 5, urgent: int = 4) -> CaptionBank:
    def texts(values: list[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array(values, dtype=object)

    return CaptionBank.of(
        texts([f"c{n}" for n in range(size)]),
        [TIERS[n % 4] for n in range(size)],
        texts([f"k{n // 4 % categories}" for n in range(size)]),
        np.array([urgent > 0 and n % urgent == 0 for n in range(size)]),
    )


def posteriors_of(bank: CaptionBank, tried: float = 0.8) -> CaptionPosteriors:
    rng = np.random.default_rng(1)
    size = len(bank)
    return CaptionPosteriors(
        caption_id=bank.caption_id,
        shape=rng.gamma(4.0, 1.0, size),
        recipients=np.full(size, 1000.0),
        price_micros=np.where(bank.price_tier == "Free", np.nan, 15e6),
        tried=rng.random(size) < tried,
        batches=4,
    )


def slots_of(ppv: int, bump: int) -> tuple[Slot, ...]:
    kinds = [
        MessageType.PPV if n * ppv // (ppv + bump) < (n + 1) * ppv // (ppv + bump) else MessageType.BUMP
        for n in range(ppv + bump)
    ]
    return tuple(Slot(START + timedelta(hours=3 * n), kind) for n, kind in enumerate(kinds))


def assign(
    bank: CaptionBank, slots: tuple[Slot, ...], *, worth: Floats | None = None, seed: int = 1, tried: float = 0.8
) -> Choice:
    return assign_captions(
        slots,
        np.ones(len(slots)) if worth is None else worth,
        bank,
        posteriors_of(bank, tried),
        np.ones(len(bank), dtype=bool),
        MIX_USUAL,
        zone=UTC_ZONE,
        rng=np.random.default_rng(seed),
    )


@settings(max_examples=25, deadline=None)
@given(ppv=st.integers(1, 20), bump=st.integers(1, 30), categories=st.integers(1, 6), seed=st.integers(0, 99))
def test_every_message_has_a_caption_of_its_own_kind_and_no_other_has_it(
    ppv: int, bump: int, categories: int, seed: int
) -> None:
    bank, slots = bank_of(160, categories), slots_of(ppv, bump)
    choice = assign(bank, slots, seed=seed)
    chosen = choice.captions.tolist()
    assert len(set(chosen)) == len(slots)
    for slot, place in zip(slots, chosen, strict=True):
        assert (bank.price_tier[place] == "Free") is (slot.kind is MessageType.BUMP)
    same = sum(bank.content_category[a] == bank.content_category[b] for a, b in pairwise(chosen))
    pressing = sum(bool(bank.has_urgency[a] and bank.has_urgency[b]) for a, b in pairwise(chosen))
    assert len(choice.bends) == same + pressing


def test_with_choice_enough_nothing_bends() -> None:
    choice = assign(bank_of(200), slots_of(12, 9))
    assert choice.bends == ()


def test_where_a_preference_must_bend_the_plan_says_where() -> None:
    choice = assign(bank_of(80, categories=1, urgent=0), slots_of(2, 1))
    assert choice.bends == (
        "Mon 2026-03-09 11:00 follows a message of the same category (k0)",
        "Mon 2026-03-09 14:00 follows a message of the same category (k0)",
    )
    pressing = assign(bank_of(80, urgent=1), slots_of(1, 1))
    assert pressing.bends == ("Mon 2026-03-09 11:00 presses like the message before it",)


def test_price_tiers_are_mixed_and_a_short_one_is_filled_up() -> None:
    bank = bank_of(200)
    choice = assign(bank, slots_of(10, 1), tried=1.0)
    assert Counter(bank.price_tier[choice.captions]) == {"Budget": 4, "Mid": 4, "Premium": 2, "Free": 1}
    tiers = bank.price_tier.copy()
    tiers[np.flatnonzero(tiers == "Mid")[1:]] = "Premium"
    short = CaptionBank.of(bank.caption_id, tiers, bank.content_category, bank.has_urgency)
    bent = assign(short, slots_of(10, 1), tried=1.0)
    assert Counter(tiers[bent.captions])["Mid"] == 1
    assert "4 Mid captions were wanted and 1 had rested; other tiers stand in" in bent.bends


def test_exploration_keeps_its_floor_and_its_cap() -> None:
    bank, slots = bank_of(400), slots_of(20, 1)
    for tried, seed in ((0.9, 1), (0.5, 2), (0.2, 3)):
        posteriors = posteriors_of(bank, tried)
        choice = assign(bank, slots, seed=seed, tried=tried)
        paid = [place for place in choice.captions.tolist() if bank.price_tier[place] != "Free"]
        share = np.mean(~posteriors.tried[paid])
        assert EXPLORATION[0] - 0.051 <= share <= EXPLORATION[1] + 0.051, "stand-ins may move it by one"


def test_the_best_captions_get_the_best_hours() -> None:
    bank, slots = bank_of(200, categories=50, urgent=0), slots_of(6, 1)
    worth = np.linspace(0.5, 1.5, len(slots))
    choice = assign(bank, slots, worth=worth)
    again = assign(bank, slots, worth=worth[::-1].copy())
    paid = [n for n, slot in enumerate(slots) if slot.kind is MessageType.PPV]
    assert choice.captions[paid].tolist() == again.captions[paid][::-1].tolist()


def test_a_bank_that_is_too_small_is_refused() -> None:
    with pytest.raises(CaptionsExhausted):
        assign(bank_of(8), slots_of(10, 1))


def test_what_is_missing_is_named_with_the_moment_it_comes_back() -> None:
    tiers = np.array(["Budget", "Mid", "Premium", "Free", "Free"], dtype=object)
    rested = np.array([True, False, True, False, True])
    free_at = {1: START, 3: START + timedelta(days=2)}
    with pytest.raises(CaptionsExhausted) as found:
        check_supply(5, 2, tiers, rested, free_at, MIX_USUAL)
    said = found.value.message
    assert "too few captions are left for 5 PPV and 2 Bump" in said
    assert "1 Budget is missing (none is resting" in said
    assert "2 Mid are missing (1 of them rest until 2026-03-09 08:00 UTC)" in said
    assert "1 Free is missing (1 of them rest until 2026-03-11 08:00 UTC)" in said
    check_supply(2, 1, tiers, rested, free_at, MIX_USUAL)
    check_supply(0, 1, tiers, rested, free_at, MIX_USUAL)


def test_the_mix_follows_how_the_audience_buys() -> None:
    assert mix_of(Segment("late, premium, steady", ())) == (20, 40, 40)
    assert mix_of(Segment("price-sensitive", ())) == (60, 30, 10)
    assert mix_of(Segment("no clear sign", ())) == MIX_USUAL
