"""What every writer promises: one absolute call, never repeated, whose outcome is yes, no, or honestly unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

import judge
import roads
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import NotFound, PlatformOutcomeUnknown, PlatformRejected
from adtempo.platforms.base import Writer
from adtempo.platforms.paper import open_paper_writer
from adtempo.platforms.sandbox.writer import open_sandbox_writer
from adtempo.platforms.writers import WRITERS
from connectors import CONNECTORS, standing_in
from market_client import HttpWriter

RAISED = replace(roads.ACTIVE, budget_daily_micros=210 * roads.EURO)
Opener = Callable[[], Writer]


@contextmanager
def sandbox(folder: Path) -> Iterator[Opener]:
    roads.build_market(folder)
    yield lambda: open_sandbox_writer(folder, None)


@contextmanager
def paper(folder: Path) -> Iterator[Opener]:
    def believed(campaign: object, now: datetime) -> tuple[CampaignState, datetime] | None:
        return (roads.ACTIVE, now.replace(year=2000)) if campaign == roads.campaign() else None

    yield lambda: open_paper_writer(folder, believed)


def connected(name: str) -> Callable[[Path], AbstractContextManager[Opener]]:
    @contextmanager
    def world(folder: Path) -> Iterator[Opener]:
        roads.build_market(folder)
        with standing_in(name, folder) as port:
            yield lambda: CONNECTORS[name].open(port, lambda: None)

    return world


WORLDS: Mapping[str, Callable[[Path], AbstractContextManager[Opener]]] = {
    "sandbox": sandbox,
    "paper": paper,
    **{f"{name} over HTTP": connected(name) for name in CONNECTORS},
}
"""Where each writer finds one campaign that runs at 200 euros a day."""


def test_every_writer_has_its_world() -> None:
    assert {name for name, _ in WRITERS} <= WORLDS.keys()


@pytest.mark.parametrize("world", WORLDS)
def test_a_writer_sets_what_it_was_asked_and_nothing_else(world: str, tmp_path: Path, now: datetime) -> None:
    with WORLDS[world](tmp_path / "platform") as open_again:
        writer = open_again()
        assert writer.fetch_state(roads.campaign(), now) == roads.ACTIVE
        for _ in range(2):  # an absolute value twice is the value
            writer.apply_budget(roads.campaign(), RAISED.budget_daily_micros, now)
            assert writer.fetch_state(roads.campaign(), now) == RAISED
        writer.apply_status(roads.campaign(), Status.PAUSED, now)
        assert open_again().fetch_state(roads.campaign(), now) == replace(RAISED, status=Status.PAUSED)
        writer.apply_status(roads.campaign(), Status.ACTIVE, now)
        assert open_again().fetch_state(roads.campaign(), now) == RAISED


@pytest.mark.parametrize("world", WORLDS)
def test_a_campaign_that_the_platform_does_not_know_is_not_found(world: str, tmp_path: Path, now: datetime) -> None:
    with WORLDS[world](tmp_path / "platform") as open_again:
        with pytest.raises(NotFound):
            open_again().fetch_state(roads.campaign(7), now)
        with pytest.raises(NotFound):
            open_again().apply_budget(roads.campaign(7), roads.BUDGET, now)


@dataclass(frozen=True)
class Outcome:
    """What a fault looks like to the caller, and how often the platform has taken the call before and after release."""

    says: type[Exception] | None
    taken: int
    released: int


FAULTS = {
    "none": Outcome(None, 1, 1),
    "lost": Outcome(PlatformOutcomeUnknown, 0, 0),
    "answer_lost": Outcome(PlatformOutcomeUnknown, 1, 1),
    "late": Outcome(PlatformOutcomeUnknown, 0, 1),
    "error_but_applied": Outcome(PlatformOutcomeUnknown, 1, 1),
    "refused": Outcome(PlatformRejected, 0, 0),
}


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_fault_is_told_as_what_it_is_and_no_call_is_repeated(name: str, tmp_path: Path, now: datetime) -> None:
    folder = tmp_path / "platform"
    roads.build_market(folder, len(FAULTS))
    with standing_in(name, folder) as port:
        writer, platform = CONNECTORS[name].open(port, lambda: None), HttpWriter(port)
        told, taken = [], []
        for number, fault in enumerate(FAULTS, start=1):
            platform.break_next(fault)
            told.append(caught(writer, number, now))
            taken.append(edits_of(folder, number))
        platform.release()
        released = [edits_of(folder, number) for number in range(1, len(FAULTS) + 1)]
    found = [Outcome(*each) for each in zip(told, taken, released, strict=True)]
    assert dict(zip(FAULTS, found, strict=True)) == FAULTS


def caught(writer: Writer, number: int, now: datetime) -> type[Exception] | None:
    try:
        writer.apply_budget(roads.campaign(number), RAISED.budget_daily_micros, now)
    except Exception as problem:  # noqa: BLE001 - which one it was is what is asked
        return type(problem)
    return None


def edits_of(folder: Path, number: int) -> int:
    return len(judge.read_edits(folder).get(str(roads.campaign(number)), []))
