"""Laws of the fact ledger, against a model in plain Python that keeps every look at every slot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adtempo.store.engine import open_engine
from strategies_facts import MOMENTS, Bench, FactRow, Model, Step, disagreements, histories, pieces, play

lawful = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def template(sqlite_template: Path) -> Path:
    """An empty database that each example copies."""
    return sqlite_template


@contextmanager
def bench_from(template: Path) -> Iterator[Bench]:
    """Open an empty ledger of its own for one example."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(template, Path(folder) / "adtempo.db")
        engine = open_engine(f"sqlite:///{folder}/adtempo.db")
        yield Bench.open(Path(folder), engine)
        engine.dispose()


@pytest.fixture(params=["large parts", "small parts"])
def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a law with everything in one part and one file, and with parts and files of two or three rows."""
    if request.param == "small parts":
        monkeypatch.setattr("adtempo.facts.ingest.PART_ROWS", 2)
        monkeypatch.setattr("adtempo.facts.undo.PART_ROWS", 2)
        monkeypatch.setattr("adtempo.facts.compact.FILE_ROWS", 3)
        monkeypatch.setattr("adtempo.facts.compact.MERGE_FILES", 2)


def everything(bench: Bench) -> list[object]:
    """Return what the ledger says now and as of every moment."""
    return [bench.hours(kind=kind, as_of=as_of) for kind in ("", "lead") for as_of in MOMENTS]


@lawful
@given(history=histories, some=st.sampled_from(MOMENTS))
@pytest.mark.usefixtures("parts")
def test_the_ledger_says_what_the_newest_look_said_at_every_moment_after_every_batch(
    template: Path, history: list[Step], some: int
) -> None:
    with bench_from(template) as bench:
        model = Model()
        batches = play(bench, model, history)
        wrong = [found for as_of in (None, *MOMENTS) for found in disagreements(bench, model, as_of=as_of)]
        for batch in batches[:-1]:
            wrong += disagreements(bench, model, batch=batch) + disagreements(bench, model, as_of=some, batch=batch)
        assert not wrong


@lawful
@given(told=pieces(), data=st.data())
def test_files_give_the_same_history_in_any_order_and_twice(
    template: Path, told: list[list[FactRow]], data: st.DataObject
) -> None:
    with bench_from(template) as first, bench_from(template) as second:
        for rows in told:
            first.post(rows)
        for rows in data.draw(st.permutations(told)):
            second.post(rows)
        said = everything(first)
        assert everything(second) == said
        assert [first.post(rows).posted for rows in told] == [0] * len(told)
        assert everything(first) == said


@lawful
@given(told=pieces(), data=st.data())
def test_undo_then_import_again_is_the_identity(template: Path, told: list[list[FactRow]], data: st.DataObject) -> None:
    with bench_from(template) as bench:
        batches = {bench.post(rows).batch: rows for rows in told}
        before = everything(bench)
        taken = data.draw(st.lists(st.sampled_from(sorted(batches)), min_size=1, unique=True))
        for batch in taken:
            bench.undo(batch)
        for batch in data.draw(st.permutations(taken)):
            bench.post(batches[batch])
        assert everything(bench) == before
