from pathlib import Path

import pytest

from adtempo.domain.errors import InvalidInput, LeaseLost, NotFound
from adtempo.jobs.watch import FolderWatch


class Ledger:
    def __init__(self) -> None:
        self.imported: list[str] = []
        self.problem: Exception | None = None

    def take(self, path: Path) -> str:
        if self.problem is not None:
            raise self.problem
        self.imported.append(path.read_text())
        return "1 row"


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def watch(tmp_path: Path, ledger: Ledger) -> FolderWatch:
    return FolderWatch(tmp_path, ledger.take)


def test_a_whole_file_is_imported_once_and_put_aside(tmp_path: Path, watch: FolderWatch, ledger: Ledger) -> None:
    (tmp_path / "a.csv").write_text("facts")
    assert watch.look() == []
    (taken,) = watch.look()
    assert (taken.path, taken.outcome, taken.imported) == (tmp_path / "done" / "a.csv", "1 row", True)
    assert watch.look() == []
    assert ledger.imported == ["facts"]
    assert taken.path.read_text() == "facts"


def test_a_file_that_is_still_written_waits(tmp_path: Path, watch: FolderWatch, ledger: Ledger) -> None:
    path = tmp_path / "a.csv"
    for text in ("f", "fa", "fact"):
        path.write_text(text)
        assert watch.look() == []
    watch.look()
    assert ledger.imported == ["fact"]


def test_a_refused_file_lies_beside_its_reason(tmp_path: Path, watch: FolderWatch, ledger: Ledger) -> None:
    (tmp_path / "a.csv").write_text("facts")
    ledger.problem = InvalidInput("a.csv:2:spend: not an amount")
    watch.look()
    (taken,) = watch.look()
    assert not taken.imported
    assert (tmp_path / "failed" / "a.csv").exists()
    assert (tmp_path / "failed" / "a.csv.reason.txt").read_text() == "a.csv:2:spend: not an amount\n"


def test_a_ledger_that_is_busy_leaves_the_file_for_the_next_look(
    tmp_path: Path, watch: FolderWatch, ledger: Ledger
) -> None:
    (tmp_path / "a.csv").write_text("facts")
    ledger.problem = LeaseLost()
    watch.look()
    (taken,) = watch.look()
    assert taken.path == tmp_path / "a.csv"
    ledger.problem = None
    assert [taken.imported for taken in watch.look()] == [True]


def test_a_second_file_of_the_same_name_keeps_the_first(tmp_path: Path, watch: FolderWatch) -> None:
    for text in ("first", "second", "third"):
        (tmp_path / "a.csv").write_text(text)
        watch.look()
        watch.look()
    names = {path.name: path.read_text() for path in (tmp_path / "done").iterdir()}
    assert names == {"a.csv": "first", "a-2.csv": "second", "a-3.csv": "third"}


def test_other_files_are_left_alone(tmp_path: Path, watch: FolderWatch) -> None:
    for name in ("notes.md", ".hidden.csv", "b.csv.part"):
        (tmp_path / name).write_text("x")
    watch.look()
    assert watch.look() == []


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="mkdir -p"):
        FolderWatch(tmp_path / "nowhere", ledger.take)
