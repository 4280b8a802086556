"""Many pages' weeks at once: in parallel, and what fails for one page stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adtempo.domain.errors import AdtempoError, InvalidInput, NotFound
from adtempo.messages.run import ScheduleBuilder

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

WORKERS = 2
"""Pages planned at once: solving and linear algebra run outside Python's lock."""

_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|\0', "_"))


def csv_of(folder: Path, page_name: str) -> Path:
    """Return where the CSV of a page's week belongs in a folder."""
    return folder / f"{page_name.translate(_UNSAFE)}.csv"


@dataclass(frozen=True, slots=True)
class BatchAsked:
    """What is asked of a batch.

    Attributes:
        pages: Which pages.
        start: First local day of the week.
        seed: What all draws follow from; None = from the page and the day.
        replaces: Take the place of schedules of the same days.
        folder: Where to write one CSV per page; None for none.
        raw: Leave texts as they are, also where a spreadsheet would take them for formulas.
    """

    pages: Sequence[str]
    start: date
    seed: int | None = None
    replaces: bool = False
    folder: Path | None = None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What became of one page of a batch.

    Attributes:
        page_name: Which page.
        schedule_id: Its schedule; None where it failed.
        messages: How many messages it has.
        seconds: How long it took.
        error: What went wrong, and what to do about it; None where nothing did.
        path: The CSV, where one was asked for.
    """

    page_name: str
    schedule_id: str | None
    messages: int
    seconds: float
    error: str | None = None
    path: Path | None = None


def make_folder(folder: Path) -> None:
    """Make a folder for weeks, if need be.

    Raises:
        InvalidInput: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"the folder {folder} cannot be made ({error.strerror}); name another") from error


def build_batch(
    workspace: Workspace,
    asked: BatchAsked,
    *,
    actor: str,
    progress: Callable[[str, float], None] = lambda _page, _share: None,
) -> list[PageOutcome]:
    """Plan the week of many pages and return what became of each, in the order asked.

    Args:
        asked: Which pages, and how.
        progress: Called with the page that is done and the share of all that are, 0 to 1.

    Raises:
        InvalidInput: There is no page to plan, or the folder cannot be made.
    """
    names = list(dict.fromkeys(asked.pages))
    if not names:
        raise InvalidInput("there is no page to plan; import messages, or name pages")
    if asked.folder is not None:
        make_folder(asked.folder)
    builder, done = ScheduleBuilder(workspace), 0
    found: dict[str, PageOutcome] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: list[Future[PageOutcome]] = [pool.submit(_build_page, builder, asked, name, actor) for name in names]
        try:
            for future in as_completed(waiting):
                outcome = future.result()
                found[outcome.page_name] = outcome
                done += 1
                progress(outcome.page_name, done / len(names))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)  # weeks under way are finished; none is left half-planned
            raise
    return [found[name] for name in names]


def _build_page(builder: ScheduleBuilder, asked: BatchAsked, name: str, actor: str) -> PageOutcome:
    began, schedule_id, path = time.monotonic(), None, None
    messages = 0
    try:
        schedule = builder.build_week(name, asked.start, seed=asked.seed, replaces=asked.replaces, actor=actor)
        schedule_id, messages = schedule.schedule_id, len(schedule.messages)
        if asked.folder is not None:
            path = builder.export_csv(schedule_id, csv_of(asked.folder, name), raw=asked.raw)
        error = None
    except AdtempoError as problem:
        error = problem.message
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is this page's, and it is logged
        error = f"{type(problem).__name__}: {problem}"
    return PageOutcome(name, schedule_id, messages, time.monotonic() - began, error, path)


def read_pages(path: Path) -> list[str]:
    """Return the names in a file: one a line, blank lines and a header `page_name` aside.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It names no page, or is no text.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except UnicodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text; write one page name a line") from error
    names = [line for line in lines if line and line != "page_name"]
    if not names:
        raise InvalidInput(f"{path} names no page; write one page name a line")
    return names


def batch_body(outcomes: Sequence[PageOutcome]) -> dict[str, Any]:
    """Return what became of a batch as the HTTP API and --json give it."""
    return {
        "built": sum(one.error is None for one in outcomes),
        "failed": sum(one.error is not None for one in outcomes),
        "pages": [
            {
                "page_name": one.page_name,
                "schedule_id": one.schedule_id,
                "messages": one.messages,
                "seconds": round(one.seconds, 3),
                "error": one.error,
            }
            for one in outcomes
        ],
    }
