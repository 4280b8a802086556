"""Paper: a writer that changes nothing and remembers what it was asked, so that the whole road can be rehearsed.

It serves accounts whose facts come from files, and every account while a moment is pretended. What it holds is what it
was last told, or what the facts have shown since.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import NotFound

Believed = Callable[[CampaignRef, datetime], tuple[CampaignState, datetime] | None]
"""What the facts show of a campaign at a moment, and since when that is known; None where they say nothing."""

_FILE = "paper.jsonl"


class PaperWriter:
    """Holds what it was told in one append-only file: a line per call."""

    def __init__(self, folder: Path, believed: Believed) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / _FILE
        self._believed = believed

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        """Return what the campaign was last told to hold, or what the facts have shown since.

        Raises:
            NotFound: Neither says anything.
        """
        told, shown = self._told(campaign, now), self._believed(campaign, now)
        newest = max((one for one in (told, shown) if one is not None), key=lambda one: one[1], default=None)
        if newest is None:
            raise NotFound(f"nobody has said what {campaign} holds; import a file with the column budget_daily")
        return newest[0]

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        """Remember a daily budget."""
        self._append(campaign, replace(self.fetch_state(campaign, now), budget_daily_micros=budget_daily_micros), now)

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        """Remember a status."""
        self._append(campaign, replace(self.fetch_state(campaign, now), status=status), now)

    def _told(self, campaign: CampaignRef, now: datetime) -> tuple[CampaignState, datetime] | None:
        if not self._path.exists():
            return None
        told = None
        for line in self._path.read_text("utf-8").splitlines():
            said = json.loads(line)
            at = datetime.fromisoformat(said["at"])
            if said["campaign"] == str(campaign) and at <= now:
                told = CampaignState(said["budget_daily_micros"], Status(said["status"])), at
        return told

    def _append(self, campaign: CampaignRef, state: CampaignState, now: datetime) -> None:
        line = json.dumps({"at": now.isoformat(), "campaign": str(campaign), **asdict(state)})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())


def open_paper_writer(folder: Path, believed: Believed) -> PaperWriter:
    """Open the writer that only remembers."""
    return PaperWriter(folder, believed)
