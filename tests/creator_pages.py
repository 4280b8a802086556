"""Creators' pages for tests: files of captions and messages, and a workspace that holds a simulated page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.csv as pa_csv

from adtempo.facts.message_imports import import_captions, import_messages
from adtempo.platforms.sandbox.pages import PageSpec, captions_table, messages_table, simulate_page
from adtempo.workspace import Workspace

WEEKS = 16

CAPTIONS = """\
caption_id,caption_text,price_tier,content_category,has_urgency,page_name
p1,"Hello, ""you""
second line 🎉",Mid,travel,true,
p2,=SUM(1),Budget,cooking,no,ava
f1,Just a look,Free,travel,0,
"""
MESSAGES = """\
page_name,page_timezone,sent_at,message_type,caption_id,price,recipients,views,purchases,revenue
ava,Europe/Berlin,2026-03-01T20:00:00+01:00,PPV,p1,14.99,1000,600,10,149.90
ava,Europe/Berlin,2026-03-01T21:00,Bump,f1,0,1000,500,0,0
"""


def write(path: Path, text: str) -> Path:
    """Write a file and return its path."""
    path.write_text(text, "utf-8")
    return path


def import_simulated(
    workspace: Workspace, folder: Path, pages: Sequence[PageSpec], *, now: datetime, weeks: int = WEEKS, seed: int = 1
) -> None:
    """Import the bank and the history of simulated pages, as known now."""
    start = _monday(now.date()) - timedelta(weeks=weeks)
    for page in pages:
        for name, table, take in (
            ("captions", captions_table(page), import_captions),
            ("messages", messages_table(simulate_page(seed, page, start, weeks + 1), now), import_messages),
        ):
            path = folder / f"{page.page_name}-{name}.csv"
            pa_csv.write_csv(table, path)
            take(workspace.ledger, path, actor="ann", now=now)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
