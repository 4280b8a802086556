"""Paper remembers what it was asked; whether money moves is decided by which writer an account gets."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import roads
from adtempo.changes.assemble import find_top_spenders
from adtempo.changes.propose import propose_changes
from adtempo.changes.run import apply_changes
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import State
from adtempo.domain.errors import NotFound
from adtempo.domain.verdicts import Outcome
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.platforms.paper import open_paper_writer
from adtempo.platforms.writers import PAPER, choose_writer
from adtempo.store.accounts import change_account
from adtempo.store.engine import transaction
from adtempo.workspace import open_workspace
from imported import CANONICAL_HEADER, canonical


def test_paper_holds_what_it_was_told_until_facts_show_something_newer(tmp_path: Path, now: datetime) -> None:
    shown = {"at": now - timedelta(hours=1)}
    paper = open_paper_writer(tmp_path / "paper", lambda _campaign, _now: (roads.ACTIVE, shown["at"]))
    assert paper.fetch_state(roads.campaign(), now) == roads.ACTIVE
    paper.apply_budget(roads.campaign(), 5, now)
    paper.apply_status(roads.campaign(), Status.PAUSED, now)
    paper.apply_budget(roads.campaign(2), 7, now)
    again = open_paper_writer(tmp_path / "paper", lambda _campaign, _now: (roads.ACTIVE, shown["at"]))
    assert again.fetch_state(roads.campaign(), now) == CampaignState(5, Status.PAUSED)
    assert again.fetch_state(roads.campaign(), now - timedelta(minutes=1)) == roads.ACTIVE
    shown["at"] = now + timedelta(hours=1)
    assert again.fetch_state(roads.campaign(), now) == roads.ACTIVE


def test_paper_knows_nothing_that_nobody_has_said(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(NotFound, match="import a file with the column budget_daily"):
        open_paper_writer(tmp_path, lambda _campaign, _now: None).fetch_state(roads.campaign(), now)


@pytest.mark.parametrize(
    ("source", "pretended", "writer"),
    [
        ("sandbox", False, "sandbox"),
        ("sandbox", True, "sandbox"),
        ("file", False, PAPER),
        ("meta", False, "meta"),
        ("meta", True, PAPER),
    ],
)
def test_a_pretended_moment_never_reaches_a_real_platform(source: str, pretended: bool, writer: str) -> None:
    assert choose_writer(source, pretended=pretended) == writer


def test_an_imported_account_rehearses_on_paper_and_its_largest_spender_is_not_paused_unasked(
    tmp_path: Path, now: datetime
) -> None:
    header = f"{CANONICAL_HEADER},budget_daily"
    rows = [f"tiktok,t1,UTC,EUR,{name},day,2026-03-03,9000,90,{name}0.00,200.00" for name in range(1, 12)]
    with open_workspace(tmp_path / "home", now=now) as workspace:
        file = canonical(tmp_path, *rows, header=header)
        import_facts(workspace.ledger, file, ImportOptions(), actor="test", now=now)
        with transaction(workspace.engine) as connection:
            account = change_account(connection, roads.ACCOUNT, armed=True)
        top = find_top_spenders(workspace.ledger, account, now=now)
        assert {ref.campaign_id for ref in top} == {"10", "11"}
        pauses = [roads.pause(now, 11), roads.pause(now, 3)]
        big, small = propose_changes(workspace, pauses, actor="rule")
        assert (big.state, small.state) == (State.AWAITING_APPROVAL, State.APPROVED)
        assert [one.guardrail for one in big.verdicts if one.outcome is Outcome.ASK] == ["top_spender"]
        sent = apply_changes(workspace, actor="job").sent
        assert [(change.id, change.state, change.writer) for change in sent] == [(small.id, State.APPLIED, PAPER)]
