"""Connectors as the fault suites meet them: a platform's stand-in on loopback, and the writer that talks to it.

One line in CONNECTORS puts a connector through the kill matrix and the contract of writers. Its stand-in is a script
that takes the folder of a sandbox market, prints its port, speaks the platform's own format in front of that market,
and takes ``POST /fault`` and ``POST /release`` as `market_server` does. Its writer calls `tick` around every request.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adtempo.platforms.base import Writer
from market_client import HttpWriter

TESTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Connector:
    """The script of a stand-in, and how its writer is opened from a port and what is called around every request."""

    script: str
    open: Callable[[int, Callable[[], None]], Writer]


CONNECTORS: Mapping[str, Connector] = {"market": Connector("market_server.py", HttpWriter)}


@contextmanager
def standing_in(name: str, folder: Path) -> Iterator[int]:
    """Serve the market of a folder as a connector's platform, and yield the port."""
    command = [sys.executable, CONNECTORS[name].script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TESTS) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()
