"""With --json a reading command prints, byte for byte, the body of its HTTP route, and with --server what it got."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.domain.roles import Role
from adtempo.people.secret_texts import write_secret
from serving import NOW, add_people, listening, open_market


@dataclass(frozen=True)
class Served:
    """A home, the address of its server, and the file of an admin's token."""

    home: Path
    address: str
    token: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with open_market(folder) as workspace:
        token = folder / "token"
        write_secret(token, add_people(workspace)[Role.VIEWER])
        with listening(workspace) as address:
            yield Served(workspace.home, address, token)


CAMPAIGN = "300201"
PATIENCE = 300.0
"""Seconds: a busy machine is no failure."""

READING = (
    (["accounts", "list"], "/api/accounts"),
    (["campaigns", "list"], "/api/tracking/campaigns"),
    (["campaigns", "list", "--account", "2001"], "/api/tracking/campaigns?account=2001"),
    (["metrics", CAMPAIGN], f"/api/tracking/campaigns/{CAMPAIGN}/metrics"),
    (
        ["metrics", CAMPAIGN, "--since", "2026-02-01", "--until", "2026-02-03", "--as-of", "2026-02-20T00:00Z"],
        f"/api/tracking/campaigns/{CAMPAIGN}/metrics?since=2026-02-01&until=2026-02-03&as_of=2026-02-20T00%3A00%3A00Z",
    ),
    (
        ["metrics", CAMPAIGN, "--window", "28", "--include-offline"],
        f"/api/tracking/metrics?campaign_id={CAMPAIGN}&attribution_window_days=28&include_offline=true",
    ),
    (["roas", CAMPAIGN], f"/api/tracking/blended-roas?campaign={CAMPAIGN}"),
    (["roas", CAMPAIGN], f"/api/tracking/roas?campaign_id={CAMPAIGN}"),
    (
        ["roas", "platform=google", "account=2001", "--window", "1", "--since", "2026-02-01", "--until", "2026-02-09"],
        (
            "/api/tracking/blended-roas?platform=google&account=2001&attribution_window_days=1"
            "&since=2026-02-01&until=2026-02-09"
        ),
    ),
    (["pacing"], "/api/tracking/pacing"),
    (["report", "list"], "/api/tracking/reports"),
    (["report", "daily"], "/api/tracking/reports/daily"),
    (["creatives", "top", "--metric", "ctr"], "/api/tracking/creatives/top?metric=ctr"),
    (["creatives", "fatigue"], "/api/tracking/creatives/fatigue"),
    (["predictions", "accuracy"], "/api/tracking/predictions/accuracy"),
    (
        ["predictions", "accuracy", "--days", "7", "--model", "m"],
        "/api/tracking/predictions/accuracy?days=7&model=m",
    ),
    (["budgets", "rules", "list"], "/api/auto-scaler/rules"),
    (["budgets", "check"], "/api/auto-scaler/rules/check"),
    (["budgets", "dashboard", "--days", "3"], "/api/auto-scaler/dashboard?days=3"),
    (["anomalies", "list"], "/api/tracking/anomalies"),
    (["anomalies", "list", "--campaign", CAMPAIGN], f"/api/tracking/anomalies?campaign={CAMPAIGN}"),
    (
        ["anomalies", "detect", "--campaign", CAMPAIGN, "--threshold-std", "3", "--metric", "spend", "--metric", "cpc"],
        f"/api/tracking/anomalies/hours?campaign={CAMPAIGN}&threshold_std=3&metric=spend&metric=cpc",
    ),
    (["dayparts", "recommend", "--campaign", CAMPAIGN], f"/daypart/recommend/{CAMPAIGN}"),
    (["dayparts", "recommend", "--campaign", CAMPAIGN, "--platform", "tiktok"], f"/daypart/recommend/{CAMPAIGN}"),
    (["dayparts", "show", "--campaign", CAMPAIGN], f"/daypart/schedules/{CAMPAIGN}"),
    (["dayparts", "compare", "--metric", "ctr"], "/daypart/compare?metric=ctr"),
    (["dayparts", "niche", "saas", "--metric", "ctr"], "/daypart/niche/saas?metric=ctr"),
    (["messages", "volume", "--tier", "MEGA", "--saturation", "0.8"], "/api/messages/volume?tier=MEGA&saturation=0.8"),
    (["messages", "pages", "list"], "/api/messages/pages"),
    (["messages", "show"], "/api/messages/schedules"),
    (["messages", "locks"], "/api/messages/locks"),
    (["messages", "health"], "/api/messages/health"),
    (["alerts", "list"], "/api/tracking/alerts"),
    (["alerts", "list", "--all"], "/api/tracking/alerts?resolved=all"),
    (["alerts", "channels", "list"], "/api/tracking/alerts/channels"),
    (["alerts", "deliveries"], "/api/tracking/alerts/deliveries?limit=20"),
    (
        ["report", "daily", "--date", "2026-02-01", "--campaign", CAMPAIGN, "--campaign", "200101"],
        f"/api/tracking/reports/daily?date=2026-02-01&campaign={CAMPAIGN}&campaign=200101",
    ),
)


@pytest.mark.parametrize(("words", "route"), READING)
def test_a_reading_command_prints_the_body_of_its_route(served: Served, words: list[str], route: str) -> None:
    headers = {"Authorization": f"Bearer {served.token.read_text().strip()}"}
    body = httpx.get(served.address + route, headers=headers, timeout=PATIENCE)
    assert body.status_code == 200, body.text
    local = CliRunner().invoke(app, ["--home", str(served.home), "--now", NOW.isoformat(), *words, "--json"])
    assert local.exit_code == 0, local.stderr
    assert local.stdout == body.text + "\n"
    remote = CliRunner().invoke(app, ["--server", served.address, "--token", str(served.token), *words])
    assert remote.stdout == body.text + "\n"


def test_an_analysis_is_the_body_of_its_route(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token.read_text().strip()}"}
    body = httpx.post(
        f"{served.address}/daypart/analyze", headers=headers, json={"campaign_id": CAMPAIGN}, timeout=PATIENCE
    )
    assert body.status_code == 200, body.text
    words = ["dayparts", "analyze", "--campaign", CAMPAIGN]
    local = CliRunner().invoke(app, ["--home", str(served.home), "--now", NOW.isoformat(), *words, "--json"])
    assert local.stdout == body.text + "\n"
    remote = CliRunner().invoke(app, ["--server", served.address, "--token", str(served.token), *words])
    assert remote.stdout == body.text + "\n"
    every = CliRunner().invoke(app, ["--server", served.address, "dayparts", "analyze", "--all"])
    assert (every.exit_code, "one campaign at a time" in every.stderr) == (4, True)


def test_nothing_lies_beyond_the_last_percentiles_and_crossed_ones_are_refused(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.token.read_text().strip()}"}

    def analyze(peak: float, valley: float) -> httpx.Response:
        asked = {"campaign_id": CAMPAIGN, "peak_percentile": peak, "valley_percentile": valley}
        return httpx.post(f"{served.address}/daypart/analyze", headers=headers, json=asked, timeout=PATIENCE)

    none = analyze(100, 0).json()
    assert none["peak_hours"] == none["valley_hours"] == []
    crossed = analyze(30, 70)
    assert (crossed.status_code, crossed.json()["kind"]) == (422, "invalid")
    assert "the percentile of valleys (70)" in crossed.json()["detail"]


def test_a_server_says_the_same_no(served: Served) -> None:
    local = CliRunner().invoke(app, ["--home", str(served.home), "metrics", "nosuch"])
    remote = CliRunner().invoke(app, ["--server", served.address, "--token", str(served.token), "metrics", "nosuch"])
    assert (local.exit_code, local.stderr) == (remote.exit_code, remote.stderr)
    assert CliRunner().invoke(app, ["--server", served.address, "metrics", "nosuch"]).exit_code == 6
