"""What the processes of the caption-lock test do: build overlapping weeks of some pages from one bank, and get killed.

Run as a program, this file loads everything once and forks its workers, so that a killed one is replaced in an instant.
Times of day matter little here: messages go out every three hours, so that no time is spent on finding the best hours.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from adtempo.domain.errors import CaptionsTaken, ScheduleOverlaps
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.messages import MessageType
from adtempo.messages import decide
from adtempo.messages.run import ScheduleBuilder
from adtempo.messages.slots import Slot, SlotPlan, Week
from adtempo.workspace import open_workspace

PAGES = ("ava", "bruno", "chiyo", "dana", "emil")
WEEKS = 40
WORKERS = 8
FIRST = date(2026, 3, 9)
REPLACED = 0.02
"""So often a week that is there already is planned anew."""


def every_three_hours(week: Week) -> SlotPlan:
    """Place messages without looking for the best hours."""
    kinds = [MessageType.PPV] * week.ppv + [MessageType.BUMP] * week.bump
    first = day_bounds(week.start, week.zone)[0]
    slots = tuple(Slot(first + timedelta(hours=3 * place), kind) for place, kind in enumerate(kinds))
    return SlotPlan(slots, 1.0, 1.0, 0)


def work(home: Path, url: str, now: datetime, seed: int) -> None:
    """Build every week of every page in an order of one's own, until there is nothing left to build."""
    chance = random.Random(seed)
    targets = [(page, FIRST + timedelta(weeks=week)) for page in PAGES for week in range(WEEKS)]
    chance.shuffle(targets)
    with open_workspace(home, now=now, database_url=url) as workspace:
        builder = ScheduleBuilder(workspace)
        while targets:
            page, start = targets.pop()
            try:
                builder.build_week(page, start, replaces=chance.random() < REPLACED, actor=f"worker {seed}")
            except ScheduleOverlaps:
                continue
            except CaptionsTaken:
                targets.insert(0, (page, start))


def fork_worker(home: Path, url: str, now: datetime, seed: int) -> int:
    """Start a worker and return its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            work(home, url, now, seed)
        except BaseException as problem:  # noqa: BLE001 - a forked process must not run on into its parent's code
            print(f"worker {seed}: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return pid


def main(home: Path, url: str, now: datetime, kills: int) -> int:
    """Run the workers, kill some of them in the middle of whatever they do, and return how many failed."""
    decide.plan_slots = every_three_hours  # type: ignore[attr-defined]
    chance = random.Random(1)
    alive = [fork_worker(home, url, now, seed) for seed in range(WORKERS)]
    for kill in range(kills):
        time.sleep(chance.uniform(0.02, 0.25))
        victim = alive.pop(chance.randrange(len(alive)))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        alive.append(fork_worker(home, url, now, WORKERS + kill))
    return sum(os.waitpid(pid, 0)[1] != 0 for pid in alive)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]), int(sys.argv[4])))
