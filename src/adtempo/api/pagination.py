"""Pages of a list: a limit, and a cursor that names the last entry seen.

The body stays the plain list; the address of the next page stands in the `Link` header (RFC 8288). A cursor says after
which key to go on, so entries that come or go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query, Request, Response

from adtempo.domain.errors import InvalidInput

LIMIT = 500
LIMIT_MAX = 5000

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="At most so many entries.")]
Cursor = Annotated[
    str | None,
    Query(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$", description="As in the Link header of the page before."),
]

Entry = TypeVar("Entry")

LINK = {
    "Link": {
        "description": 'Address of the next page, as `<address>; rel="next"`; absent on the last page.',
        "schema": {"type": "string"},
    }
}


def turn_page(
    entries: Sequence[Entry],
    key: Callable[[Entry], str],
    limit: int,
    cursor: str | None,
    request: Request,
    response: Response,
) -> Sequence[Entry]:
    """Return the entries of one page, and link to the next one.

    Args:
        entries: All of them, in an order of their own that does not change.
        key: Names an entry, uniquely.
        limit: At most so many.
        cursor: Where the page before ended; None for the first page.
        request: For the address of the next page.
        response: Gets the Link header.

    Raises:
        InvalidInput: The cursor names nothing that is still there.
    """
    start = 0
    if cursor is not None:
        keys = [key(entry) for entry in entries]
        try:
            start = keys.index(_read(cursor)) + 1
        except ValueError:
            raise InvalidInput("this cursor names nothing that is still there; begin again without one") from None
    page = entries[start : start + limit]
    if start + limit < len(entries):
        link_next(key(page[-1]), request, response)
    return page


def link_next(last: str, request: Request, response: Response) -> None:
    """Put the address of the next page into the Link header.

    Args:
        last: The key of the last entry of this page.
        request: For the address.
        response: Gets the header.
    """
    cursor = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
    address = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'


def read_number(cursor: str | None) -> int:
    """Return the number that a cursor names; 0 without one.

    Raises:
        InvalidInput: It names no number.
    """
    if cursor is None:
        return 0
    text = _read(cursor)
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidInput("this cursor is not one of ours; begin again without one")
    return int(text)


def _read(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidInput("this cursor is not one of ours; begin again without one") from None
