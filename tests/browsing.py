"""Coming in as a person without filling in the form every time: sign-in is limited to ten attempts a minute."""

from __future__ import annotations

from functools import cache
from typing import Literal

import httpx
from playwright.sync_api import Page

from serving import PASSWORD


def visit_as(page: Page, name: str, address: str, path: str, wait_until: Literal["commit", "load"] = "load") -> None:
    """Open a page of a served market as a person who signed in there."""
    page.context.add_cookies([{"name": "adtempo", "value": _session(address, name), "url": address}])
    page.goto(f"{address}{path}", wait_until=wait_until)


@cache
def _session(address: str, name: str) -> str:
    answer = httpx.post(f"{address}/api/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.cookies["adtempo"]
