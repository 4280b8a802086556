"""The demo's creators: half a year of what six simulated pages sent, and their next week planned."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from adtempo.facts.message_imports import import_captions, import_messages
from adtempo.messages.batch import BatchAsked, PageOutcome, build_batch
from adtempo.platforms.sandbox.pages import captions_table, demo_pages, messages_table, simulate_page
from adtempo.store.engine import reading
from adtempo.store.messages import load_messages

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

WEEKS = 26
SEED = 7


def plan_creators(workspace: Workspace, *, actor: str) -> list[PageOutcome]:
    """Import what the demo's pages sent up to now, plan the week from next Monday, and say what became of each page.

    A second time adds only the news; a week that is planned already is said to be.
    """
    now = workspace.now()
    with tempfile.TemporaryDirectory(prefix="adtempo-demo-") as folder:
        for name, table, take in (
            ("captions", pa.concat_tables([captions_table(page) for page in demo_pages()]), import_captions),
            ("messages", _sent(_first_monday(workspace), now), import_messages),
        ):
            path = Path(folder) / f"{name}.csv"
            pa_csv.write_csv(table, path)
            take(workspace.ledger, path, actor=actor, now=now)
    start = now.date() + timedelta(days=7 - now.weekday())
    return build_batch(workspace, BatchAsked([page.page_name for page in demo_pages()], start), actor=actor)


def _first_monday(workspace: Workspace) -> date:
    """Return when the histories begin: where they did the first time, so that tomorrow's demo continues today's."""
    now = workspace.now()
    with reading(workspace.engine) as connection:
        known = load_messages(connection, demo_pages()[0].page_name, as_of=now)
    day = known[0].sent_at.date() if known else now.date() - timedelta(weeks=WEEKS)
    return day - timedelta(days=day.weekday())


def _sent(start: date, now: datetime) -> pa.Table:
    weeks = (now.date() - start).days // 7 + 1
    return pa.concat_tables([messages_table(simulate_page(SEED, page, start, weeks), now) for page in demo_pages()])
