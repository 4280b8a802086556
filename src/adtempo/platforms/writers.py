"""Every platform that changes can be sent to, by name; only `changes.apply` may import this."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adtempo.domain.errors import NotFound
from adtempo.platforms.base import Writer
from adtempo.platforms.paper import Believed, open_paper_writer
from adtempo.platforms.sandbox.writer import open_sandbox_writer

PAPER = "paper"

WRITERS: tuple[tuple[str, Callable[[Path, Believed], Writer]], ...] = (
    ("sandbox", open_sandbox_writer),
    (PAPER, open_paper_writer),
)
"""(name, how to open the writer from the folder that belongs to it and what facts show of campaigns)."""


def choose_writer(source: str, *, pretended: bool) -> str:
    """Return the name of the writer of an account: whether money moves is decided here, and nowhere else.

    Args:
        source: As in `Account.source`.
        pretended: Whether the moment is pretended; then nothing reaches a real platform.
    """
    if source == "sandbox":
        return source
    return PAPER if pretended or source == "file" else source


def open_writer(source: str, folder: Path, believed: Believed) -> Writer:
    """Open a writer.

    Args:
        source: Its name, out of `choose_writer`.
        folder: Where it may keep its state.
        believed: What facts show of campaigns.

    Raises:
        NotFound: There is no writer of this name.
    """
    for name, opener in WRITERS:
        if name == source:
            return opener(folder, believed)
    raise NotFound(f"{source!r} takes no changes; sources that do: {', '.join(name for name, _ in WRITERS)}")
