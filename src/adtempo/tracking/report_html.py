"""The daily report as a mail, for a phone at eight in the morning.

Mail programs block pictures until somebody taps, drop style sheets, and show no data: addresses at all. So its charts
are bars made of table cells: they are there at once, everywhere, and nothing is fetched.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from adtempo.domain.metrics import ABSENT, CONVERSION_VALUE, ROAS, SPEND, Metric, format_value, value_of
from adtempo.domain.panels import Quantities
from adtempo.tracking.estimate import CampaignDay, DailyReport, Total, estimate_change
from adtempo.tracking.expected import ExpectedFigures
from adtempo.tracking.expected_report import return_in_words
from adtempo.tracking.pacing import BudgetPace, round_amount
from adtempo.tracking.report import DONE, NEEDS_YOU, report_sections, shorten

_DAYS = 7
_RUNS = 2
_LINES = 5
_TILES = (("Spend", SPEND), ("Value", CONVERSION_VALUE), ("ROAS", ROAS))


def report_html(report: DailyReport) -> str:
    """Return the report as one HTML page without anything to fetch."""
    first, *rest = report_sections(report)
    by_title = {section.title: section.sentences for section in rest}
    return _template().render(
        title=first.title,
        known=first.sentences,
        totals=[_total(report, total) for total in report.totals],
        attention=by_title.get(NEEDS_YOU, ()),
        runs=_runs(report),
        campaigns=_campaigns(report),
        budgets=[_budget(budget) for budget in report.around.budgets[:_LINES]],
        done=by_title.get(DONE, ()),
    )


@cache
def _template() -> Template:
    loader = PackageLoader("adtempo.tracking")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("daily.html")


def _total(report: DailyReport, total: Total) -> dict[str, Any]:
    def change(metric: Metric) -> str:
        # Only a day of the same age is as far along with its late conversions; spend has arrived on both.
        comparable = report.day_before.same_age or metric is SPEND
        before = value_of(metric, total.day_before) if total.day_before and comparable else None
        share = estimate_change(value_of(metric, total.figures), before)
        return "" if share is None else f"{share:+.0%} vs {report.day_before.day:%a}"

    return {
        "title": f"{total.currency}, {total.campaigns} campaign{'s' if total.campaigns != 1 else ''}",
        "tiles": [
            {
                "name": f"{name}, {total.currency}" if metric is not ROAS else name,
                "amount": _number(metric, total.figures, total.currency),
                "note": change(metric),
            }
            for name, metric in _TILES
        ],
        "will_be": return_in_words(total.expected),
    }


def _runs(report: DailyReport) -> list[dict[str, Any]]:
    """Return the last days of the currencies with the most campaigns, with bars as shares of the widest one."""
    runs = []
    largest = sorted(report.totals, key=lambda total: (-total.campaigns, total.currency))[:_RUNS]
    for currency in (total.currency for total in largest):
        shown = [one for one in report.around.days if one.currency == currency][-_DAYS:]
        amounts = [(one.figures.conversion_value_micros or 0, one.figures.spend_micros or 0) for one in shown]
        widest = max((max(pair) for pair in amounts), default=0)
        runs.append(
            {
                "currency": currency,
                "days": [
                    {
                        "name": f"{one.day:%a} {one.day.day}",
                        "value_share": _share(value, widest),
                        "spend_share": _share(spend, widest),
                        "roas": format_value(ROAS, value_of(ROAS, one.figures), currency),
                        "will_be": _will_be(one.expected),
                    }
                    for one, (value, spend) in zip(shown, amounts, strict=True)
                ],
            }
        )
    return runs


def _campaigns(report: DailyReport) -> list[dict[str, Any]]:
    groups = [("Top campaigns by value", report.top_campaigns)]
    # Against a day that is further along, the largest change is that of whoever's conversions come latest.
    comparable = report.day_before.same_age
    if report.movers and comparable:
        groups.append(("Largest changes of value", report.movers))
    return [
        {
            "title": title,
            "lines": [_line(line, comparable=comparable) for line in shorten(report, lines, _LINES)],
        }
        for title, lines in groups
        if lines
    ]


def _line(line: CampaignDay, *, comparable: bool) -> dict[str, str]:
    currency, before = line.profile.currency, line.day_before if comparable else None
    roas = value_of(ROAS, line.figures)
    earlier = None if before is None else value_of(CONVERSION_VALUE, before)
    share = estimate_change(value_of(CONVERSION_VALUE, line.figures), earlier)
    return {
        "name": f"{line.profile.label} ({line.profile.ref.platform})",
        "spend": f"{_number(SPEND, line.figures, currency)} {currency}",
        "roas": "" if roas is None else format_value(ROAS, roas, currency),
        "will_be": return_in_words(line.expected),
        "value": f"{_number(CONVERSION_VALUE, line.figures, currency)} {currency}",
        "change": "" if share is None else f"{share:+.0%}",
    }


def _budget(budget: BudgetPace) -> dict[str, Any]:
    pacing, currency = budget.pacing, budget.currency
    said = f"{round_amount(pacing.spent_micros, currency)} of {round_amount(pacing.planned_micros, currency)}"
    if pacing.expected_micros is not None:
        said += f", heading for {round_amount(pacing.expected_micros, currency)} {currency}"
    return {
        "name": budget.label,
        "said": said,
        "share": _share(min(pacing.spent_micros, pacing.planned_micros), pacing.planned_micros),
        "off": budget.off_plan,
    }


def _will_be(expected: ExpectedFigures | None) -> str:
    return "" if expected is None or expected.roas.value is None else format_value(ROAS, expected.roas.value, "")


def _share(amount: int, widest: int) -> int:
    """Return a width in percent; what is there is never so narrow that it cannot be seen."""
    return max(round(100 * max(amount, 0) / widest), 1) if widest > 0 else 1


def _number(metric: Metric, figures: Quantities, currency: str) -> str:
    value = value_of(metric, figures)
    if value is None:
        return ABSENT
    return format_value(ROAS, value, currency) if metric is ROAS else round_amount(round(value), currency)
