import datetime as dt

import numpy as np
import pytest

from adtempo.domain.panels import QUANTITIES, FactTable, Quantities


@pytest.fixture
def table() -> FactTable:
    return FactTable(
        keys={
            "campaign_id": np.array(["a", "b"], object),
            "day_local": np.array(["2026-03-01", "2026-03-02"], "datetime64[D]"),
        },
        sums={name: np.array([n, 0]) for n, name in enumerate(QUANTITIES, start=1)},
        measured={name: np.array([True, name == "clicks"]) for name in QUANTITIES},
    )


def test_rows_are_plain_python_values_in_the_order_of_the_arrays(table: FactTable) -> None:
    (first, figures), (second, _) = table.rows()
    assert first == ("a", dt.date(2026, 3, 1))
    assert second == ("b", dt.date(2026, 3, 2))
    assert figures == Quantities(1, 2, 3, 4, 5)
    assert len(table) == 2


def test_a_measured_zero_is_not_an_unmeasured_one(table: FactTable) -> None:
    assert table.quantities(1) == Quantities(clicks=0)


def test_frames_keep_integers_and_mark_what_nobody_measured(table: FactTable) -> None:
    frame = table.to_pandas()
    assert list(frame.columns) == ["campaign_id", "day_local", *QUANTITIES]
    assert frame["clicks"].tolist() == [2, 0]
    assert frame["spend_micros"].isna().tolist() == [False, True]
    assert str(frame["spend_micros"].dtype) == "Int64"


def test_polars_gives_the_same_frame(table: FactTable) -> None:
    frame = table.to_polars()
    assert frame["clicks"].to_list() == [2, 0]
    assert frame["spend_micros"].to_list() == [3, None]
