"""Every platform that changes can be sent to, by name; only `changes.apply` may import this."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adtempo.domain.errors import NotFound
from adtempo.platforms.base import Writer
from adtempo.platforms.sandbox.writer import open_sandbox_writer

WRITERS: tuple[tuple[str, Callable[[Path], Writer]], ...] = (("sandbox", open_sandbox_writer),)
"""(source of an account, how to open its writer from the folder that belongs to the source)."""


def open_writer(source: str, folder: Path) -> Writer:
    """Open the writer of a source.

    Args:
        source: As in `Account.source`.
        folder: Where the source may keep its state.

    Raises:
        NotFound: There is no writer of this name.
    """
    for name, opener in WRITERS:
        if name == source:
            return opener(folder)
    raise NotFound(f"{source!r} takes no changes; sources that do: {', '.join(name for name, _ in WRITERS)}")
