"""Messages over HTTP and from a command line far from the home: captions and results come in, weeks go out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.domain.roles import Role
from adtempo.messages.run import ScheduleBuilder
from adtempo.people.secret_texts import write_secret
from adtempo.platforms.sandbox.pages import PageSpec
from adtempo.workspace import Workspace, open_workspace
from page_files import import_simulated
from serving import TestClient, add_people, listening, visit

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PAGE = PageSpec("ava", fans=1_500, ppv_weekly=6, bump_weekly=4, wear=0.02)
TEXT = ' =Hello, "you"\r\nsecond line 🎉'
CAPTION = {"caption_id": "x1", "caption_text": TEXT, "price_tier": "Mid", "has_urgency": True}
MESSAGE = {
    "page_name": "zoe",
    "page_timezone": "Asia/Tokyo",
    "sent_at": "2026-03-01T20:00:00",
    "message_type": "PPV",
    "caption_id": "x1",
    "price": "14.99",
    "recipients": 1000,
    "views": 600,
    "purchases": 10,
    "revenue": "149.90",
}


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's token; its folder holds the home too."""
    path = tmp_path_factory.mktemp("far") / "token"
    with open_workspace(path.with_name("home"), now=NOW) as workspace:
        write_secret(path, add_people(workspace)[Role.OPERATOR])
    return path


@pytest.fixture
def shared(token: Path) -> Iterator[Workspace]:
    """A home that these tests have together: each has captions and pages of its own."""
    with open_workspace(token.with_name("home"), now=NOW) as workspace:
        yield workspace


def captions_of(client: TestClient) -> list[dict[str, Any]]:
    return [one for one in client.get("/api/messages/captions").json()["captions"] if one["caption_id"] == "x1"]


def pages_of(client: TestClient) -> dict[str, str]:
    return {page["page_name"]: page["timezone"] for page in client.get("/api/messages/pages").json()["pages"]}


def test_captions_and_what_was_sent_come_in_over_http(shared: Workspace) -> None:
    client = visit(shared, Role.OPERATOR)
    tried = client.post("/api/messages/captions?dry_run=true", json={"captions": [CAPTION]}).json()
    assert (tried["batch"], tried["posted"]) == (None, 1)
    assert captions_of(client) == []
    given = client.post("/api/messages/captions", json={"captions": [CAPTION]})
    assert given.status_code == 200, given.text
    (kept,) = captions_of(client)
    assert kept == {**CAPTION, "content_category": "", "page_name": None}, "texts stay exactly as they are"
    first = client.post("/api/messages/history", json={"messages": [MESSAGE]}).json()
    later = {**MESSAGE, "purchases": 12, "revenue": "179.88"}
    again = [client.post("/api/messages/history", json={"messages": [later]}).json() for _ in range(2)]
    assert [(one["posted"], one["restated"], one["unchanged"]) for one in (first, *again)] == [
        (1, 0, 0),
        (1, 1, 0),
        (0, 0, 1),
    ]
    assert pages_of(client)["zoe"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": "-1"}, "rows.csv:2:price: '-1' is not an amount of 0 or more"),
        ({"page_timezone": ""}, "rows.csv:2:page_timezone: is missing"),
        ({"caption_id": "nobody"}, "rows.csv:2:caption_id: 'nobody' is not in the bank"),
    ],
)
def test_a_bad_message_over_http_is_named_and_nothing_is_kept(
    shared: Workspace, change: dict[str, str], said: str
) -> None:
    client = visit(shared, Role.OPERATOR)
    client.post("/api/messages/captions", json={"captions": [CAPTION]})
    refused = client.post("/api/messages/history", json={"messages": [{**MESSAGE, "page_name": "yan", **change}]})
    assert refused.status_code == 422, refused.text
    assert said in refused.json()["detail"]
    assert "yan" not in pages_of(client)


def test_a_viewer_may_not_give_captions(shared: Workspace) -> None:
    refused = visit(shared, Role.VIEWER).post("/api/messages/captions", json={"captions": [CAPTION]})
    assert refused.status_code == 403


def test_weeks_are_built_written_and_unlocked_from_afar(shared: Workspace, token: Path, tmp_path: Path) -> None:
    import_simulated(shared, tmp_path, [PAGE], now=NOW, weeks=3)
    single, folder, names = tmp_path / "ava.csv", tmp_path / "weeks", tmp_path / "names.txt"
    names.write_text("ava\n")
    with listening(shared) as address:

        def far(*words: str) -> Any:
            return CliRunner().invoke(app, ["--server", address, "--token", str(token), "messages", *words])

        built = far("build", "--page-name", "ava", "--start-date", "2026-03-09", "--output", str(single))
        assert built.exit_code == 0, built.output
        body = json.loads(built.stdout)
        assert ScheduleBuilder(shared).load_schedule(body["schedule_id"]).start_date == date(2026, 3, 9)
        rows = list(csv.DictReader(io.StringIO(single.read_text("utf-8"))))
        assert [row["caption_id"] for row in rows] == [one["caption_id"] for one in body["messages"]]
        assert far("export", body["schedule_id"], "--output", str(tmp_path / "ava.ics")).exit_code == 0
        assert (tmp_path / "ava.ics").read_text("utf-8").startswith("BEGIN:VCALENDAR")
        assert far("build", "--page-name", "ava", "--start-date", "2026-03-09").exit_code == 5
        failed = far("build", "--all", "--start-date", "2026-03-09")
        assert failed.exit_code == 1
        assert "ava" in {one["page_name"] for one in json.loads(failed.stdout)["pages"] if one["error"]}
        assert f"captions released: {len(rows)}" in far("unlock", body["schedule_id"]).stderr
        assert far("unlock", body["schedule_id"]).exit_code == 5
        every = far("build", "--pages", str(names), "--start-date", "2026-03-09", "--output", str(folder))
        assert every.exit_code == 0, every.output
        assert [one.name for one in folder.iterdir()] == ["ava.csv"]
