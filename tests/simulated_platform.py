"""A platform in virtual time that loses, delays and refuses writes, answers stale reads, and is edited by people."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import PlatformOutcomeUnknown, PlatformRejected, PlatformUnavailable

LATE_MAX = timedelta(minutes=4)
STALE_MAX = timedelta(seconds=45)
FIRST = CampaignState(100_000_000, Status.ACTIVE)


class Killed(BaseException):
    """The process died here."""


@dataclass
class Clock:
    """Virtual time."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Write:
    """One call that the platform received, and when it took hold, if it did."""

    received_at: datetime
    budget_daily_micros: int
    held_at: datetime | None = None


@dataclass
class SimulatedPlatform:
    """One campaign on a platform that misbehaves; `troubled` = False lets it recover its manners."""

    clock: Clock
    rng: random.Random
    tick: Callable[[], None] = lambda: None
    troubled: bool = True
    writes: list[Write] = field(default_factory=list)
    history: list[tuple[datetime, CampaignState]] = field(default_factory=list)

    def state_at(self, at: datetime) -> CampaignState:
        """What it holds at a moment, writes that are due by then included."""
        held = [(when, state) for when, state in self.history if when <= at]
        held += [
            (write.held_at, replace(FIRST, budget_daily_micros=write.budget_daily_micros))
            for write in self.writes
            if write.held_at is not None and write.held_at <= at
        ]
        return max(held, key=lambda one: one[0])[1] if held else FIRST

    def edit_by_hand(self, budget_daily_micros: int) -> None:
        """Let a person change the budget."""
        self.history.append((self.clock.now, replace(FIRST, budget_daily_micros=budget_daily_micros)))

    def fetch_state(self, _campaign: CampaignRef, _now: datetime) -> CampaignState:
        self.tick()
        self.clock.pass_by(1)
        if self.troubled and self.rng.random() < 0.05:
            raise PlatformUnavailable
        stale = self.troubled and self.rng.random() < 0.2
        seen = self.state_at(self.clock.now - (STALE_MAX * self.rng.random() if stale else timedelta()))
        self.tick()
        return seen

    def apply_budget(self, _campaign: CampaignRef, budget_daily_micros: int, _now: datetime) -> None:
        self.tick()
        self.clock.pass_by(1)
        kinds = ["none"] * 5 + ["lost", "answer_lost", "late", "late", "refused"] if self.troubled else ["none"]
        kind = self.rng.choice(kinds)
        if kind == "refused":
            raise PlatformRejected
        write = Write(self.clock.now, budget_daily_micros)
        self.writes.append(write)
        if kind == "late":
            write.held_at = self.clock.now + LATE_MAX * self.rng.random()
        elif kind != "lost":
            write.held_at = self.clock.now
        self.tick()
        if kind != "none":
            raise PlatformOutcomeUnknown

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        raise AssertionError("the simulation changes budgets only")
