"""What the system did, in sentences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adtempo.domain.accounts import CampaignRef
from adtempo.tracking.activity import Activity, Decisions, OpenAlert, Verdicts, activity_body, activity_sentences

NOTHING = Verdicts(0, None, 0, 0)
QUIET = Activity(datetime(2026, 3, 3, tzinfo=UTC), 0, 0, 0, 0, 0, 0, (), NOTHING)


def test_a_quiet_day_is_said_too() -> None:
    assert activity_sentences(QUIET) == (
        "No facts came in during the last 24 hours.",
        "No change was decided, and none is waiting.",
        "No prediction came due.",
    )


@pytest.mark.parametrize(
    ("syncs", "files", "restated", "said"),
    [
        (24, 1, 0, "24 syncs and 1 file brought 1,200 new or changed figures."),
        (1, 0, 7, "1 sync brought 1,200 new or changed figures, 7 of them corrections."),
        (0, 2, 0, "2 files brought 1,200 new or changed figures."),
    ],
)
def test_what_came_in_is_counted(syncs: int, files: int, restated: int, said: str) -> None:
    busy = replace(QUIET, syncs=syncs, files=files, posted=1200, restated=restated)
    assert activity_sentences(busy)[0] == said


def test_alerts_and_predictions_are_counted() -> None:
    alert = OpenAlert("critical", "silence", CampaignRef("meta", "a", "c"))
    busy = replace(QUIET, opened=3, resolved=2, waiting=(alert, replace(alert, campaign=None)))
    assert activity_sentences(busy)[1] == "3 alerts opened, 2 resolved, 2 waiting."
    assert activity_sentences(replace(busy, opened=0))[1].startswith("No alert opened, 2 resolved")
    assert busy.alerted == {CampaignRef("meta", "a", "c")}
    right = replace(busy, verdicts=Verdicts(12, 87.4, 9, 10))
    assert activity_sentences(right)[3] == (
        "12 predictions came due: 87 of 100 points for accuracy, 9 of 10 inside the 80% interval."
    )
    bare = replace(busy, verdicts=Verdicts(1, 50.0, 0, 0))
    assert activity_sentences(bare)[3] == "1 prediction came due: 50 of 100 points for accuracy."
    assert activity_body(right)["predictions_accuracy"] == 87.4
    assert activity_body(right)["alerts_waiting"] == 2


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        (Decisions(applied=1), "Decisions: 1 change applied."),
        (
            Decisions(applied=7, vetoed=3, in_vain=2),
            "Decisions: 7 changes applied, 3 vetoed by guardrails, 2 came to nothing.",
        ),
        (Decisions(waiting=2, suggested=5), "Decisions: 2 waiting for approval, 5 suggestions standing."),
    ],
)
def test_decisions_are_told(decisions: Decisions, said: str) -> None:
    busy = replace(QUIET, decisions=decisions)
    assert activity_sentences(busy)[1] == said
    assert activity_body(busy)["changes_waiting"] == decisions.waiting
