"""Where the server listens, and how the first person comes in."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from adtempo.domain.errors import Conflict, InvalidInput
from adtempo.server import LINK_FILE, check_address, invite, serve
from adtempo.settings import Settings
from adtempo.workspace import open_workspace
from serving import add_people


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.1"])
def test_loopback_is_always_fine(tmp_path: Path, host: str) -> None:
    with open_workspace(tmp_path) as workspace:
        check_address(workspace, host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "ads.example.com"])
def test_others_may_reach_it_only_when_claimed_and_behind_tls(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_workspace(tmp_path) as workspace:
        with pytest.raises(InvalidInput, match="nobody has claimed"):
            check_address(workspace, host)
        add_people(workspace)
        with pytest.raises(InvalidInput, match="ADTEMPO_PUBLIC_URL"):
            check_address(workspace, host)
    monkeypatch.setenv("ADTEMPO_PUBLIC_URL", "https://ads.example.com")
    with open_workspace(tmp_path) as workspace:
        check_address(workspace, host)


def test_how_people_reach_it_must_be_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADTEMPO_PUBLIC_URL", "http://ads.example.com")
    with pytest.raises(ValueError, match="public_url"):
        Settings()


def test_the_link_is_for_its_owner_alone_and_goes_when_it_has_done_its_work(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        said = invite(workspace, "http://127.0.0.1:8000")
        file = tmp_path / LINK_FILE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text("utf-8").strip() in said
        assert "/sign-in#" in said
        add_people(workspace)
        assert "#" not in invite(workspace, "http://127.0.0.1:8000")
        assert not file.exists()


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        open_workspace(tmp_path) as workspace,
        pytest.raises(Conflict, match="--port"),
    ):
        serve(workspace, port=taken.getsockname()[1], say=lambda _text: None)
