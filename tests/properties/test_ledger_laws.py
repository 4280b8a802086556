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
from strategies_facts import MOMENTS, Bench, Model, Step, disagreements, histories, play

lawful = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


@pytest.fixture(params=["in one piece", "in small pieces"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a law with everything in one part and one file, and with parts and files of two or three rows."""
    if request.param == "in small pieces":
        monkeypatch.setattr("adtempo.facts.ingest.PART_ROWS", 2)
        monkeypatch.setattr("adtempo.facts.undo.PART_ROWS", 2)
        monkeypatch.setattr("adtempo.facts.compact.FILE_ROWS", 3)
        monkeypatch.setattr("adtempo.facts.compact.MERGE_FILES", 2)


@lawful
@given(history=histories, some=st.sampled_from(MOMENTS))
@pytest.mark.usefixtures("pieces")
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
