"""The inverse-propensity value that the Open Bandit Pipeline published for its random log, reproduced.

Saito, Aihara, Matsutani and Narita (2020), Open Bandit Dataset and Pipeline, arXiv:2008.07146: the value of Bernoulli
Thompson sampling with the production priors is 0.004553, 1.198126 times that of the uniform log (its quick start).
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from adtempo.stats.offpolicy import ips_value, snips_value

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
FOLDER = SHARED / "data" / "open_bandit"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the shared data folder is absent (set ADTEMPO_SHARED)")

ARMS, PLACES, DRAWS, SEED = 80, 3, 100_000, 12345


def production_priors() -> tuple[np.ndarray, np.ndarray]:
    lines = (FOLDER / "prior_bts.yaml").read_text("utf-8").partition("men:")[0].splitlines()
    numbers = np.array([float(line.split("-")[1]) for line in lines if "- " in line])
    assert len(numbers) == 2 * ARMS
    return numbers[:ARMS], numbers[ARMS:]


def test_the_published_value_of_thompson_sampling_is_reproduced() -> None:
    with (FOLDER / "random" / "all.csv").open(encoding="utf-8") as stream:
        rows = [
            (int(r["item_id"]), int(r["position"]), int(r["click"]), r["propensity_score"])
            for r in csv.DictReader(stream)
        ]
    item, place, click, logged = (np.array(column) for column in zip(*rows, strict=True))
    random = np.random.RandomState(SEED)  # the generator of the published number
    counts = np.zeros((ARMS, PLACES))
    for _ in range(DRAWS // 5_000):
        drawn = random.beta(*production_priors(), size=(5_000, ARMS))
        best = np.argsort(-drawn, axis=1)[:, :PLACES]
        for at in range(PLACES):
            counts[:, at] += np.bincount(best[:, at], minlength=ARMS)
    chosen = counts[item, place - 1] / DRAWS
    found = ips_value(click, chosen, logged.astype(float))
    assert round(found.value, 6) == 0.004553
    assert round(found.value / click.mean(), 6) == 1.198126
    assert found.low95 < click.mean() < found.high95  # ten thousand rounds with 38 clicks tell no difference
    assert snips_value(click, chosen, logged.astype(float)).value == pytest.approx(found.value, rel=0.1)
