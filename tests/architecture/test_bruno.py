"""The Bruno collection knows exactly the routes there are, and checks what each answers."""

import re
from collections import Counter
from pathlib import Path

from adtempo.api.application import create_app
from architecture.source import ROOT, shown

COLLECTION = ROOT / "bruno"
REQUESTS = sorted(
    path for path in COLLECTION.glob("*/*.bru") if path.name != "folder.bru" and path.parent.name != "environments"
)
URL = re.compile(r"^(get|post|put|patch|delete) \{\n  url: \{\{baseUrl\}\}(\S+)$", re.MULTILINE)


def route_of(path: Path) -> str:
    """Return the method and address of a request, every value that is filled in as {}."""
    found = URL.search(path.read_text("utf-8"))
    assert found is not None, f"{shown(path)} has no address under baseUrl"
    return f"{found[1].upper()} {re.sub(r'{{.+?}}', '{}', found[2].partition('?')[0])}"


def test_the_collection_covers_every_route_and_no_other() -> None:
    document = create_app().openapi()["paths"]
    routes = {f"{method.upper()} {re.sub(r'{.+?}', '{}', path)}" for path in document for method in document[path]}
    asked = {route_of(path) for path in REQUESTS}
    assert (sorted(routes - asked), sorted(asked - routes)) == ([], [])


def test_every_request_checks_its_status() -> None:
    checks = re.compile(r"^assert \{\n  res\.status: eq \d{3}$", re.MULTILINE)
    assert [shown(path) for path in REQUESTS if not checks.search(path.read_text("utf-8"))] == []


def test_requests_of_a_folder_have_an_order() -> None:
    places = Counter(
        (path.parent.name, re.search(r"^  seq: (\d+)$", path.read_text("utf-8"), re.MULTILINE)[1])  # type: ignore[index]
        for path in REQUESTS
    )
    assert [place for place, count in places.items() if count > 1] == []
