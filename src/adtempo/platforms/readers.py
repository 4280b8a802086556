"""Every source that facts can be read from, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adtempo.domain.errors import NotFound
from adtempo.platforms.base import Reader
from adtempo.platforms.sandbox.reader import open_sandbox_reader

READERS: tuple[tuple[str, Callable[[Path], Reader]], ...] = (("sandbox", open_sandbox_reader),)
"""(source of an account, how to open its reader from the folder that belongs to the source)."""


def open_reader(source: str, folder: Path) -> Reader:
    """Open the reader of a source.

    Args:
        source: As in `Account.source`.
        folder: Where the source may keep its state.

    Raises:
        NotFound: There is no reader of this name.
    """
    for name, opener in READERS:
        if name == source:
            return opener(folder)
    raise NotFound(f"{source!r} cannot be synced; sources that can: {', '.join(name for name, _ in READERS)}")
