"""The examples run as they stand, in an interpreter of their own, and say what their titles promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "dayparts"

SAID = {
    "sample_data": "dayparts analyze --all",
    "basic_analysis": "18:00-22:00 every day",
    "schedule_and_allocation": "in all 1000.00 EUR",
    "three_strategies": "aggressive",
    "detailed_time_analysis": "evening",
    "niche_priors": "'Evening Gym' is recognised as fitness",
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == SAID.keys()


@pytest.mark.parametrize("name", SAID)
def test_an_example_says_what_it_promises(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert SAID[name] in done.stdout
