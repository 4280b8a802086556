"""Figures as CSV that a spreadsheet can open without running what a campaign happens to be called."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from adtempo.domain.metrics import METRICS
from adtempo.domain.panels import Quantities
from adtempo.domain.spreadsheets import neutral
from adtempo.tracking.estimate import Profile
from adtempo.tracking.expected import ExpectedFigures
from adtempo.tracking.expected_report import LATE, expected_body
from adtempo.tracking.report import figures_body

EXPORT_COLUMNS = (
    "date",
    "platform",
    "account_id",
    "campaign_id",
    "campaign_name",
    "currency",
    *(metric.name for metric in METRICS),
    *(f"expected_{metric.name}" for metric in LATE),
    "expected_roas_low80",
    "expected_roas_high80",
    "maturity",
)
"""Header of an export: which campaign and day, every metric as reported (amounts in major units, CTR and CVR in
percent), and what those that arrive late will come to, with the share that has arrived, 0 to 1."""


def export_lines(profile: Profile, days: Iterable[tuple[date, Quantities, ExpectedFigures]]) -> Iterator[str]:
    """Yield the lines of an export, header first, one line per day; nothing is collected.

    Args:
        days: Local day, its figures and what they will come to, in order.
    """
    yield _line(EXPORT_COLUMNS)
    ref = profile.ref
    texts = [neutral(text) for text in (ref.platform, ref.account_id, ref.campaign_id, profile.name, profile.currency)]
    for day, figures, expected in days:
        will_be = expected_body(expected)
        late = [*(figure["value"] for figure in will_be.values()), will_be["roas"]["low80"], will_be["roas"]["high80"]]
        yield _line([day.isoformat(), *texts, *figures_body(figures).values(), *late, expected.maturity])


def _line(cells: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
