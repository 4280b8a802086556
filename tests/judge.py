"""The outside judge of the road to money: reads the platform's own history and the audit log, nothing else of ours."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

OURS = "adtempo"
ENDED = {"applied", "refused", "not_applied", "external", "blocked", "cancelled", "expired", "rejected", "reverted"}
NEVER_TOOK_HOLD = ENDED - {"applied", "reverted", "external"}


@dataclass
class Told:
    """What the audit log tells of one change."""

    campaign: str = ""
    target: dict[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)


def read_trail(engine: Engine) -> dict[str, Told]:
    """Return what the audit log tells, by change."""
    told: dict[str, Told] = defaultdict(Told)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT action, subject, detail FROM audit_log ORDER BY id")).all()
    for action, subject, detail in rows:
        if action.startswith("change."):
            said, one = json.loads(detail), told[subject]
            one.campaign = said["campaign"]
            one.target = said.get("target", one.target)
            one.steps.append(action.removeprefix("change."))
    return told


def read_edits(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Return our edits as the platform remembers them, by campaign: what was edited, and to what."""
    edits = defaultdict(list)
    with sqlite3.connect(folder / "edits.db") as connection:
        query = "SELECT platform, account_id, campaign_id, field, new FROM edits WHERE actor = ? ORDER BY id"
        for platform, account, campaign, name, new in connection.execute(query, (OURS,)):
            edits[f"{platform}:{account}:{campaign}"].append((name, new))
    return edits


def judge(told: dict[str, Told], edits: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return every broken promise, for campaigns that were changed at most once each; empty = all were kept."""
    broken = []
    for subject, one in told.items():
        made = edits.get(one.campaign, [])
        if one.steps.count("sending") > 1:
            broken.append(f"{subject} was sent {one.steps.count('sending')} times")
        if len(made) > 1:
            broken.append(f"{subject}: the platform was told {len(made)} times")
        if made and "sending" not in one.steps:
            broken.append(f"{subject} reached the platform and was never written down")
        if one.steps[-1] not in ENDED:
            broken.append(f"{subject} never ended: {one.steps}")
        if made and one.steps[-1] in NEVER_TOOK_HOLD:
            broken.append(f"{subject} took hold and is called {one.steps[-1]}")
        if one.steps[-1] == "applied":
            wanted = [(name, str(value)) for name, value in one.target.items()]
            if not made or made[-1] not in wanted:
                broken.append(f"{subject} is called applied, and the platform says {made}")
    strangers = set(edits) - {one.campaign for one in told.values()}
    return broken + [f"{campaign} was changed by nobody" for campaign in strangers]
