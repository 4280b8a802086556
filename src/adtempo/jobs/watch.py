"""A folder in which people and programs drop files: each is taken in once it is whole, and put aside.

A file is whole when its size and time did not change between two looks. Imported files go to `done`, refused ones to
`failed` with the reason beside them. Killed between import and move, the next run imports the file again, which changes
nothing, and moves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from adtempo.domain.errors import AdtempoError, NotFound

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
"""What counts as a file of facts; anything else in the folder is left alone."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file.

    Attributes:
        path: Where it lies now.
        outcome: What the import said, or why it was refused.
        imported: Whether it was taken in.
    """

    path: Path
    outcome: str
    imported: bool


@dataclass(slots=True)
class FolderWatch:
    """Looks at a folder again and again.

    Attributes:
        folder: Which folder.
        import_file: Takes in one whole file and says in one line what it did; raises AdtempoError to refuse it.
    """

    folder: Path
    import_file: Callable[[Path], str]
    _stamps: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise NotFound(f"there is no folder {self.folder}; make it first: mkdir -p {self.folder}")

    def look(self) -> list[Taken]:
        """Take in every file that did not change since the last look; an unavailable ledger leaves it for the next."""
        before, self._stamps = self._stamps, {path: _stamp(path) for path in self._waiting()}
        whole = [path for path, stamp in self._stamps.items() if before.get(path) == stamp]
        return [self._take(path) for path in whole]

    def _waiting(self) -> list[Path]:
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        )

    def _take(self, path: Path) -> Taken:
        try:
            outcome = self.import_file(path)
        except AdtempoError as problem:
            if problem.retryable:
                return Taken(path, f"{problem.message}; it stays and is tried again", imported=False)
            moved = _move(path, self.folder / "failed")
            moved.with_name(f"{moved.name}.reason.txt").write_text(f"{problem.message}\n", encoding="utf-8")
            return Taken(moved, problem.message, imported=False)
        return Taken(_move(path, self.folder / "done"), outcome, imported=True)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _move(path: Path, folder: Path) -> Path:
    """Move a file into a folder; a file of the same name there stays, and this one gets a number."""
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 2
    while target.exists():
        target, number = folder / f"{path.stem}-{number}{path.suffix}", number + 1
    return path.rename(target)
