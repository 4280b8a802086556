"""Which caption goes into which slot of a week.

Hard: every message has a caption of its own, rested, of the right kind. Preferred: a mix of price tiers that suits how
the audience buys, no two neighbours of one category, no urgency twice running, the best captions in the best hours.
Preferences bend when they must, and the plan says where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.errors import CaptionsExhausted
from adtempo.domain.messages import (
    Bools,
    CaptionBank,
    CaptionPosteriors,
    Floats,
    Ints,
    MessageType,
    Names,
    PriceTier,
    Segment,
)
from adtempo.domain.money import split_units
from adtempo.messages.captions import EXPLORATION, draw_scores
from adtempo.messages.slots import Slot
from adtempo.stats.thompson import hold_share

PAID = (PriceTier.BUDGET, PriceTier.MID, PriceTier.PREMIUM)

MIX = {"price-sensitive": (60, 30, 10), "premium": (20, 40, 40)}
"""Percent of a week's PPVs that are Budget, Mid and Premium, by how the audience buys."""

MIX_USUAL = (40, 40, 20)

SPARE = 30
"""So many captions of either kind beyond those chosen may stand in for one that bends a preference."""

ROUNDS = 100
"""After so many exchanges of captions the order stays as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Captions in their slots.

    Attributes:
        captions: Position in the bank for each slot, shape (slots,).
        bends: Where a preference had to bend, in sentences.
    """

    captions: Ints
    bends: tuple[str, ...]


def mix_of(segment: Segment) -> tuple[int, int, int]:
    """Return the percent of PPVs that are Budget, Mid and Premium for how an audience buys."""
    return next((mix for name, mix in MIX.items() if name in segment.name), MIX_USUAL)


def assign_captions(
    slots: Sequence[Slot],
    worth: Floats,
    bank: CaptionBank,
    posteriors: CaptionPosteriors,
    rested: Bools,
    mix: Sequence[int],
    *,
    zone: ZoneInfo,
    rng: np.random.Generator,
) -> Choice:
    """Return a caption for each slot.

    Args:
        slots: In order of time.
        worth: How good each slot's hour is, shape (slots,).
        rested: Which of them may be sent, shape (captions,).
        mix: Percent of PPVs that are Budget, Mid and Premium.
        zone: The page's own, for the words.

    Raises:
        CaptionsExhausted: There are too few rested captions; see `check_supply`, which says so better.
    """
    paid = np.array([slot.kind is MessageType.PPV for slot in slots], dtype=bool)
    of_bump = np.asarray(bank.price_tier == PriceTier.FREE)
    scores = np.zeros(len(bank))
    pools = []
    for places, candidates in ((paid, np.flatnonzero(rested & ~of_bump)), (~paid, np.flatnonzero(rested & of_bump))):
        if len(candidates) < places.sum():
            raise CaptionsExhausted
        if places.any():
            scores[candidates] = draw_scores(posteriors, rng, candidates, int(places.sum()))
        pools.append(candidates[np.argsort(-scores[candidates], kind="stable")])
    ppv, bumps = np.flatnonzero(paid), np.flatnonzero(~paid)
    chosen = _choose(pools[0], len(ppv), bank, posteriors.tried, mix)
    week = _Sequence(worth, bank, scores)
    week.fill(ppv, chosen)
    week.fill(bumps, pools[1][: len(bumps)])
    spare = [pool[~np.isin(pool, week.captions)][:SPARE] for pool in pools]
    week.smooth(np.concatenate(spare))
    return Choice(week.captions, (*_describe_mix(ppv, pools[0], bank, mix), *week.describe(slots, zone)))


def check_supply(
    ppv: int, bump: int, tiers: Names, rested: Bools, free_at: Mapping[int, datetime], mix: Sequence[int]
) -> None:
    """Refuse a week that the bank has too few rested captions for, naming tiers, numbers and when locks free up.

    Args:
        tiers: Price tier of each caption of the bank, shape (captions,).
        rested: Which of them may be sent, shape (captions,).
        free_at: When each of the others, by position, may be sent again.
        mix: Percent of PPVs that are Budget, Mid and Premium.

    Raises:
        CaptionsExhausted: There are too few.
    """
    there = _count_tiers(tiers[rested])
    wanted = dict(zip(PAID, split_units(ppv, mix), strict=True)) if ppv else {}
    missing: dict[str, int] = {}
    if sum(there[tier] for tier in PAID) < ppv:
        missing |= {tier.value: most - there[tier] for tier, most in wanted.items() if most > there[tier]}
    if there[PriceTier.FREE] < bump:
        missing[PriceTier.FREE.value] = bump - there[PriceTier.FREE]
    if not missing:
        return
    said: list[str] = []
    for tier, count in missing.items():
        waiting = sorted(moment for place, moment in free_at.items() if tiers[place] == tier)
        until = (
            f"{min(count, len(waiting))} of them rest until {waiting[min(count, len(waiting)) - 1]:%Y-%m-%d %H:%M} UTC"
            if waiting
            else "none is resting, so none will come back"
        )
        said.append(f"{count} {tier} {'is' if count == 1 else 'are'} missing ({until})")
    raise CaptionsExhausted(
        f"too few captions are left for {ppv} PPV and {bump} Bump: {'; '.join(said)}. Import more captions, or choose "
        "a later start"
    )


def _count_tiers(tiers: Names) -> dict[str, int]:
    return {tier.value: int(np.count_nonzero(tiers == tier)) for tier in PriceTier}


def _choose(pool: Ints, count: int, bank: CaptionBank, tried: Bools, mix: Sequence[int]) -> Ints:
    """Return the best captions of each tier in the wanted mix; a tier that is short is filled up from the others.

    Seats go to tiers by Webster's method, so a caption's claim is its tier's percent / (its rank in the tier + 1/2).
    Claims of untried captions are moved together until exploration keeps its floor and its cap.

    Args:
        pool: Positions in the bank, best first, shape (pool,).
        tried: Whether the own evidence of each caption of the bank outweighs its prior, shape (captions,).
        mix: Percent of PPVs that are Budget, Mid and Premium.
    """
    claims = np.zeros(len(pool))
    for tier, percent in zip(PAID, mix, strict=True):
        same = bank.price_tier[pool] == tier
        claims[same] = percent / (np.arange(same.sum()) + 0.5)
    claims = hold_share(claims, ~tried[pool], count, *EXPLORATION)
    return pool[np.argsort(-claims, kind="stable")[:count]]


def _describe_mix(slots: Ints, pool: Ints, bank: CaptionBank, mix: Sequence[int]) -> Iterator[str]:
    if not len(slots):
        return
    there = _count_tiers(bank.price_tier[pool])
    for tier, wanted in zip(PAID, split_units(len(slots), mix), strict=True):
        if there[tier] < wanted:
            yield f"{wanted} {tier.value} captions were wanted and {there[tier]} had rested; other tiers stand in"


class _Sequence:
    """Captions in the slots of a week, being put in order."""

    def __init__(self, worth: Floats, bank: CaptionBank, scores: Floats) -> None:
        self.worth = worth
        self.scores = scores
        self.category = bank.content_category
        self.urgent = bank.has_urgency
        self.tier = bank.price_tier
        self.captions = np.full(len(worth), -1, dtype=np.int64)

    def fill(self, places: Ints, captions: Ints) -> None:
        """Put the best captions into the best slots."""
        self.captions[places[np.argsort(-self.worth[places], kind="stable")]] = captions[
            np.argsort(-self.scores[captions], kind="stable")
        ]

    def bent(self, place: int) -> int:
        """Count the preferences that a slot and the one before it bend."""
        if not 0 < place < len(self.captions):
            return 0
        before, after = self.captions[place - 1], self.captions[place]
        same = bool(self.category[after]) and self.category[before] == self.category[after]
        return int(same) + int(self.urgent[before] and self.urgent[after])

    def smooth(self, spare: Ints) -> None:
        """Exchange captions, with each other or with spare ones of their tier, as long as fewer preferences bend."""
        spares = spare.tolist()
        for _ in range(ROUNDS):
            places = [place for place in range(1, len(self.captions)) if self.bent(place)]
            best = min((found for place in places for found in self._ways(place, spares)), default=None)
            if best is None or best[0] >= 0:
                return
            _, _, place, other, stand_in = best
            if other >= 0:
                self._swap(place, other)
            else:
                spares[spares.index(stand_in)] = int(self.captions[place])
                self.captions[place] = stand_in

    def _ways(self, place: int, spares: Sequence[int]) -> Iterator[tuple[int, float, int, int, int]]:
        """Yield (change of bends, loss of value, place, other place or -1, stand-in or -1) of each exchange."""
        paid = self.tier[self.captions] != PriceTier.FREE
        for other in np.flatnonzero(paid == paid[place]).tolist():
            near = {place, place + 1, other, other + 1}
            before = sum(map(self.bent, near))
            self._swap(place, other)
            change = sum(map(self.bent, near)) - before
            self._swap(place, other)
            mine, theirs = self.scores[self.captions[place]], self.scores[self.captions[other]]
            yield change, float((mine - theirs) * (self.worth[place] - self.worth[other])), place, other, -1
        leaving = self.captions[place]
        for caption in spares:
            if self.tier[caption] == self.tier[leaving]:
                before = self.bent(place) + self.bent(place + 1)
                self.captions[place] = caption
                change = self.bent(place) + self.bent(place + 1) - before
                self.captions[place] = leaving
                yield (
                    change,
                    float((self.scores[leaving] - self.scores[caption]) * self.worth[place]),
                    place,
                    -1,
                    caption,
                )

    def _swap(self, one: int, other: int) -> None:
        self.captions[[one, other]] = self.captions[[other, one]]

    def describe(self, slots: Sequence[Slot], zone: ZoneInfo) -> Iterator[str]:
        """Yield where preferences bend."""
        for place in range(1, len(slots)):
            before, after = self.captions[place - 1], self.captions[place]
            when = slots[place].at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
            if self.category[after] and self.category[before] == self.category[after]:
                yield f"{when} follows a message of the same category ({self.category[after]})"
            if self.urgent[before] and self.urgent[after]:
                yield f"{when} presses like the message before it"
