"""The demo's creators: planned once, continued tomorrow."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adtempo.jobs.demo_messages import plan_creators
from adtempo.messages.run import ScheduleBuilder
from adtempo.platforms.sandbox.pages import demo_pages
from adtempo.store.engine import reading
from adtempo.store.messages import load_messages
from adtempo.workspace import open_workspace


def test_the_demo_plans_its_pages_and_goes_on_where_it_was(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adtempo.jobs.demo_messages.demo_pages", lambda: demo_pages()[:1])
    with open_workspace(tmp_path / "home", now=now) as workspace:
        first = plan_creators(workspace, actor="demo")
        tomorrow = replace(workspace, pretended_now=now + timedelta(days=8))
        again = plan_creators(tomorrow, actor="demo")
        locks = ScheduleBuilder(workspace).load_locks()
        with reading(workspace.engine) as connection:
            sent = [load_messages(connection, "ava", as_of=moment) for moment in (now, now + timedelta(days=8))]
    assert [one.error for one in first] == [None]
    assert [one.error for one in again] == [None]
    assert len(locks) == sum(one.messages for one in [*first, *again])
    assert [one.sent_at for one in sent[0]] == [one.sent_at for one in sent[1][: len(sent[0])]]
    assert len(sent[1]) > len(sent[0])
