"""Eight processes build two hundred overlapping weeks from one bank and are killed at it: nothing is locked twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from adtempo.facts.message_imports import import_captions
from adtempo.messages.run import ScheduleBuilder
from adtempo.store import page_schedules as planned
from adtempo.store.audit import load_audit, verify_audit
from adtempo.store.engine import reading
from adtempo.store.messages import Page
from adtempo.store.predictions import list_predictions
from adtempo.workspace import open_workspace
from page_files import write
from schedule_workers import PAGES, WEEKS

KILLS = 30
PAID, FREE = 270, 180
"""Forty weeks of six PPVs and four Bumps fit, with little to spare."""


def bank() -> str:
    rows = ["caption_id,caption_text,price_tier,content_category,has_urgency"]
    rows += [f"p{n},paid {n},{('Budget', 'Mid', 'Premium')[n % 3]},c{n % 7},false" for n in range(PAID)]
    rows += [f"f{n},free {n},Free,c{n % 7},false" for n in range(FREE)]
    return "\n".join(rows) + "\n"


def test_eight_killed_processes_lock_no_caption_twice_and_no_week_by_half(
    database_url: str, tmp_path: Path, now: datetime
) -> None:
    home = tmp_path / "home"
    with open_workspace(home, now=now, database_url=database_url) as workspace:
        import_captions(workspace.ledger, write(tmp_path / "bank.csv", bank()), actor="ann", now=now)
        builder = ScheduleBuilder(workspace)
        for page in PAGES:
            builder.set_page(Page(page, "Europe/Berlin"), actor="ann")
        workers = Path(__file__).parents[1] / "schedule_workers.py"
        command = [sys.executable, str(workers), str(home), database_url, now.isoformat(), str(KILLS)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert (done.returncode, done.stderr) == (0, "")
        with reading(workspace.engine) as connection:
            schedules = [
                planned.load_schedule(connection, row.schedule_id) for row in planned.list_schedules(connection)
            ]
            locks = planned.load_locks(connection)
            days = connection.execute(select(planned.schedule_days)).all()
            claims = {one.prediction.prediction_id for one in list_predictions(connection)}
            logged = planned.load_log(connection, since=now - timedelta(days=1))
            rows = connection.scalar(select(func.count()).select_from(planned.scheduled_messages))
            assert verify_audit(connection) == []
            audited = Counter(entry.subject for entry in load_audit(connection) if entry.action == "schedule.built")
    standing = {one.schedule_id: one for one in schedules if one.withdrawn_at is None}
    assert Counter(one.page_name for one in standing.values()) == dict.fromkeys(PAGES, WEEKS)
    held = Counter(lock.schedule_id for lock in locks)
    assert held == {name: len(one.messages) for name, one in standing.items()}, "locked whole or not at all"
    assert Counter(row.schedule_id for row in days) == dict.fromkeys(standing, planned.DAYS)
    assert rows == sum(len(one.messages) for one in schedules)
    assert {len(one.messages) for one in schedules} == {10}
    sends = defaultdict(list)
    for one in standing.values():
        for message in one.messages:
            sends[one.page_name, message.caption_id].append(message.scheduled_send_time)
    assert max(map(len, sends.values())) == 1, "a caption is locked once per page, until its rest is over"
    assert claims == {one.schedule_id for one in schedules}
    assert audited == {f"schedule {one.schedule_id}": 1 for one in schedules}
    assert Counter(one.schedule_id for one in logged if one.status == "SUCCESS") == dict.fromkeys(claims, 1)
