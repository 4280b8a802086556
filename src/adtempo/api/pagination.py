"""Pages of a list: a limit, and a cursor that names the last entry seen.

The body stays the plain list; the address of the next page stands in the `Link` header (RFC 8288). A cursor says after
which key to go on, so entries that come or go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response

from adtempo.domain.errors import InvalidInput

LIMIT = 500
LIMIT_MAX = 5000

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="At most so many entries.")]

Entry = TypeVar("Entry")

LINK = {
    "Link": {
        "description": 'Address of the next page, as `<address>; rel="next"`; absent on the last page.',
        "schema": {"type": "string"},
    }
}


@dataclass(frozen=True, slots=True)
class Pager:
    """Which page of a list is asked for, and where the address of the next one is put."""

    request: Request
    response: Response
    limit: Limit = LIMIT
    cursor: Annotated[
        str | None,
        Query(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$", description="As in the Link header of the page before."),
    ] = None

    def turn(self, entries: Sequence[Entry], key: Callable[[Entry], str]) -> Sequence[Entry]:
        """Return the entries of the page, and link to the next one.

        Args:
            entries: All of them, in an order of their own that does not change.
            key: Names an entry, uniquely.

        Raises:
            InvalidInput: The cursor names nothing that is still there.
        """
        start = 0
        if self.cursor is not None:
            keys = [key(entry) for entry in entries]
            try:
                start = keys.index(_read(self.cursor)) + 1
            except ValueError:
                raise InvalidInput("this cursor names nothing that is still there; begin again without one") from None
        return self.cut(entries[start:], key)

    def cut(self, rest: Sequence[Entry], key: Callable[[Entry], str]) -> Sequence[Entry]:
        """Return the entries of the page, and link to the next one.

        Args:
            rest: From the page on, at least one more than its limit where there are more.
            key: Names an entry, uniquely.
        """
        page = rest[: self.limit]
        if len(rest) > self.limit:
            cursor = base64.urlsafe_b64encode(key(page[-1]).encode()).decode().rstrip("=")
            address = self.request.url.include_query_params(cursor=cursor)
            self.response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
        return page

    @property
    def number(self) -> int:
        """The number that the cursor names; 0 without one.

        Raises:
            InvalidInput: It names no number.
        """
        if self.cursor is None:
            return 0
        text = _read(self.cursor)
        if not text.isascii() or not text.isdecimal() or len(text) > 18:
            raise InvalidInput("this cursor is not one of ours; begin again without one")
        return int(text)


Paged = Annotated[Pager, Depends()]


def _read(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidInput("this cursor is not one of ours; begin again without one") from None
