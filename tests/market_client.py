"""A writer that talks to `market_server` over HTTP, as a connector of a real platform does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import NotFound, PlatformOutcomeUnknown, PlatformRejected, PlatformUnavailable

TIMEOUT_SECONDS = 5.0


class HttpWriter:
    """One absolute call each, never repeated; `tick` is called before and after every request."""

    def __init__(self, port: int, tick: Callable[[], None] = lambda: None) -> None:
        self._port = port
        self._tick = tick

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        try:
            status, said = self._ask("GET", f"/state/{_path(campaign)}?now={quote(now.isoformat())}")
        except (OSError, http.client.HTTPException) as problem:
            raise PlatformUnavailable(f"the market does not answer: {problem}") from problem
        if status == 404:
            raise NotFound(said["detail"])
        return CampaignState(said["budget_daily_micros"], Status(said["status"]))

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        self._write(f"/budget/{_path(campaign)}", budget_daily_micros, now)

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        self._write(f"/status/{_path(campaign)}", status, now)

    def break_next(self, fault: str) -> None:
        """Decide how the next write goes."""
        self._ask("POST", "/fault", {"kind": fault})

    def release(self) -> None:
        """Let the market take what it held back."""
        self._ask("POST", "/release", {})

    def _write(self, path: str, value: int | str, now: datetime) -> None:
        try:
            status, said = self._ask("POST", path, {"value": value, "now": now.isoformat()})
        except (OSError, http.client.HTTPException) as problem:
            raise PlatformOutcomeUnknown(f"the line dropped: {type(problem).__name__}") from problem
        if status == 404:
            raise NotFound(said["detail"])
        if 400 <= status < 500:
            raise PlatformRejected(said["detail"])
        if status != 200:
            raise PlatformOutcomeUnknown(f"the market answered with {status}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        self._tick()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            found = answer.status, json.loads(answer.read())
        finally:
            connection.close()
        self._tick()
        return found


def _path(campaign: CampaignRef) -> str:
    return f"{campaign.platform}/{campaign.account_id}/{campaign.campaign_id}"
