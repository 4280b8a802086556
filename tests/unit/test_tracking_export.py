import csv
from collections.abc import Iterator
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import Quantities
from adtempo.tracking.estimate import Profile
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.export import EXPORT_COLUMNS, export_lines

REF = CampaignRef("meta", "a1", "c1")
UNKNOWN = ExpectedFigures(NOTHING, NOTHING, NOTHING, NOTHING, None, "none")


def test_an_export_has_one_line_a_day_and_every_metric() -> None:
    day = (date(2026, 11, 3), Quantities(1000, 10, 1_500_000), UNKNOWN)
    lines = export_lines(Profile(REF, "EUR", "Autumn, sale"), [day])
    (row,) = csv.DictReader(lines)
    assert tuple(row) == EXPORT_COLUMNS
    assert (row["date"], row["campaign_name"], row["spend"], row["ctr"]) == (
        "2026-11-03",
        "Autumn, sale",
        "1.50",
        "1.0",
    )
    assert (row["conversions"], row["roas"], row["expected_roas"], row["maturity"]) == ("", "", "", "")


def test_a_young_day_is_written_with_what_it_will_be() -> None:
    young = ExpectedFigures(NOTHING, NOTHING, ExpectedFigure(4.0, 3.5, 4.75, 3.0, 5.5), NOTHING, 0.75, "own")
    (row,) = csv.DictReader(export_lines(Profile(REF, "EUR"), [(date(2026, 11, 3), Quantities(), young)]))
    said = [row[name] for name in ("expected_roas", "expected_roas_low80", "expected_roas_high80", "maturity")]
    assert said == ["4.0", "3.5", "4.75", "0.75"]


def test_an_export_is_written_while_it_is_read() -> None:
    def days() -> Iterator[tuple[date, Quantities, ExpectedFigures]]:
        yield date(2026, 11, 3), Quantities(clicks=1), UNKNOWN
        raise AssertionError("the second day was asked for too early")

    lines = export_lines(Profile(REF, "EUR"), days())
    next(lines)
    assert next(lines).startswith("2026-11-03,meta,a1,c1,")


@given(st.text())
def test_no_name_becomes_a_formula(name: str) -> None:
    day = (date(2026, 11, 3), Quantities(), UNKNOWN)
    lines = "".join(export_lines(Profile(REF, "EUR", name.replace("\0", "")), [day]))
    cells = list(csv.reader(lines.splitlines(keepends=True)))[1]
    assert not cells[4].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
