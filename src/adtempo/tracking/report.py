"""The daily report in words and for machines: one body for the API and scripts, one text for people.

The text is a few sections, each of sentences and at most one table; a renderer (the terminal, Markdown, a page) decides
only how they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from adtempo.domain.metrics import (
    ABSENT,
    CONVERSION_VALUE,
    CONVERSIONS,
    CPA,
    CTR,
    METRICS,
    ROAS,
    SPEND,
    Metric,
    format_value,
    plain_value,
    value_of,
)
from adtempo.domain.money import format_micros
from adtempo.domain.panels import Quantities
from adtempo.tracking.activity import activity_body, activity_sentences
from adtempo.tracking.estimate import CampaignDay, CampaignMetrics, Comparison, DailyReport, Total, estimate_change
from adtempo.tracking.expected import NOTHING
from adtempo.tracking.expected_report import LATE, figure_body, in_words, outlook_body, return_in_words
from adtempo.tracking.pacing import BudgetPace, pacing_body
from adtempo.tracking.roas import RoasReport

_COLUMNS = (
    (SPEND, "spend"),
    (CONVERSION_VALUE, "value"),
    (ROAS, "ROAS"),
    (CONVERSIONS, "conv."),
    (CPA, "CPA"),
    (CTR, "CTR"),
)
_CAMPAIGN_COLUMNS = _COLUMNS[:4]
_LINES = 10
"""Lines of a list in the text: people read a page; the body has all."""
NEEDS_YOU = "What needs you"
DONE = "What adtempo did, and was it right"
_EXPECTED = ("expected (80%)", "arrived")
"""Columns that stand beside every ROAS."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report.

    Attributes:
        title: Its heading.
        sentences: What it says.
        header: Column titles; the first column is text, the others numbers.
        rows: Cells, shape (rows, columns).
    """

    title: str
    sentences: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def figures_body(figures: Quantities) -> dict[str, str | float | None]:
    """Return every metric of a group of facts as machines read it.

    >>> figures_body(Quantities(spend_micros=1_500_000, clicks=3))["cpc"]
    '0.50'
    """
    return {metric.name: plain_value(metric, value_of(metric, figures)) for metric in METRICS}


def metrics_body(metrics: CampaignMetrics, roas: RoasReport) -> dict[str, Any]:
    """Return a campaign's metrics, and its return under an attribution window, as the HTTP API and --json give them."""
    return {
        "campaign_id": metrics.profile.ref.campaign_id,
        "since": metrics.since.isoformat(),
        "until": metrics.until.isoformat(),
        "as_of": metrics.as_of.isoformat(),
        "currency": metrics.profile.currency,
        "reported": figures_body(metrics.figures),
        **outlook_body(metrics.expected),
        "attributed": roas_body(roas),
        "results": [
            {
                "conversion_type": result.conversion_type,
                "conversions": plain_value(CONVERSIONS, value_of(CONVERSIONS, result.figures)),
                "conversion_value": plain_value(CONVERSION_VALUE, value_of(CONVERSION_VALUE, result.figures)),
                "cost_per_result": plain_value(CPA, result.cost_micros),
            }
            for result in metrics.results
        ],
    }


def in_expectation(metrics: CampaignMetrics) -> dict[str, str]:
    """Return what late figures will come to, in words, by metric; only those that were expected."""
    return {
        metric.name: f"expected {in_words(metric, figure, metrics.profile.currency)}"
        for metric in LATE
        if (figure := getattr(metrics.expected, metric.name, NOTHING)).value is not None
    }


def roas_body(report: RoasReport) -> dict[str, Any]:
    """Return a return on spend, with its parts, as the HTTP API and --json give it."""
    total = report.total
    offline = total.offline and {
        "conversions": total.offline.conversions,
        "value": format_micros(total.offline.value_micros),
        "without_click": total.offline.without_click,
    }
    return {
        "campaign_id": report.campaigns[0].campaign_id if len(report.campaigns) == 1 else None,
        "campaigns": len(report.campaigns),
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "as_of": report.as_of.isoformat(),
        "currency": report.currency,
        "attribution_window_days": report.window_days,
        "attributions": list(total.attributions),
        "window_matches": total.window_matches,
        "spend": _amount(total.spend_micros),
        "platform_value": _amount(total.platform_value_micros),
        "offline": offline,
        "value": _amount(total.value_micros),
        "roas": total.roas,
        "expected_roas": figure_body(ROAS, report.expected.roas if report.expected else NOTHING),
        "maturity": report.expected.maturity if report.expected else None,
        "basis": report.expected.basis if report.expected else None,
        "absent_because": report.absent_because,
    }


def _amount(micros: int | None) -> str | None:
    return None if micros is None else format_micros(micros)


def report_body(report: DailyReport) -> dict[str, Any]:
    """Return the report as the HTTP API and --json give it.

    Where several currencies meet, the three overall figures are null and `totals` has one entry per currency.
    """
    only = report.totals[0] if len(report.totals) == 1 else None
    overall = figures_body(only.figures) if only else {}
    return {
        "date": report.day.isoformat(),
        "as_of": report.as_of.isoformat(),
        "complete": report.complete,
        "simulated": report.simulated,
        "currency": only.currency if only else None,
        "total_spend": overall.get("spend"),
        "total_revenue": overall.get("conversion_value"),
        "avg_roas": overall.get("roas"),
        "expected_roas": figure_body(ROAS, only.expected.roas if only and only.expected else NOTHING),
        "maturity": only.expected.maturity if only and only.expected else None,
        "totals": [_total_body(total) for total in report.totals],
        "platforms": [_total_body(total) | {"platform": total.label} for total in report.platforms],
        "accounts": [_total_body(total) | {"account": total.label} for total in report.accounts],
        "top_campaigns": [_campaign_body(line) for line in report.top_campaigns],
        "movers": [_campaign_body(line) for line in report.movers],
        "compared_with": {
            name: {"date": comparison.day.isoformat(), "same_age": comparison.same_age}
            for name, comparison in (("day_before", report.day_before), ("week_before", report.week_before))
        },
        "freshness": [
            {
                "account": str(account.account),
                "observed_at": account.observed_at.isoformat() if account.observed_at else None,
                "complete": account.complete,
            }
            for account in report.freshness
        ],
        "attention": list(report.attention),
        "days": [
            {
                **figures_body(one.figures),
                **outlook_body(one.expected),
                "date": one.day.isoformat(),
                "currency": one.currency,
            }
            for one in report.around.days
        ],
        "budgets": pacing_body(report.around.budgets, report.as_of)["budgets"],
        "activity": activity_body(report.around.activity) if report.around.activity else None,
    }


def _total_body(total: Total) -> dict[str, Any]:
    return {
        **figures_body(total.figures),
        **outlook_body(total.expected),
        "currency": total.currency,
        "campaigns": total.campaigns,
        "day_before": figures_body(total.day_before) if total.day_before else None,
        "week_before": figures_body(total.week_before) if total.week_before else None,
    }


def _campaign_body(line: CampaignDay) -> dict[str, Any]:
    ref = line.profile.ref
    return {
        **figures_body(line.figures),
        **outlook_body(line.expected),
        "campaign_id": ref.campaign_id,
        "platform": ref.platform,
        "account_id": ref.account_id,
        "name": line.profile.name or None,
        "currency": line.profile.currency,
        "day_before": figures_body(line.day_before) if line.day_before else None,
    }


def report_sections(report: DailyReport) -> list[Section]:
    """Return the report as people read it, the most important first."""
    title = f"{report.day:%A} {_day(report.day)}"
    if not report.totals:
        return [Section(title, (_no_facts(report),))]
    sections = [
        Section(title, _how_complete(report), _header(_COLUMNS), _total_rows(report)),
        Section(NEEDS_YOU, _attention(report)),
        _campaigns("Top campaigns by value", shorten(report, report.top_campaigns)),
    ]
    if report.movers:
        title = f"Largest changes of value against {_against(report.day_before)}"
        sections.append(_campaigns(title, shorten(report, report.movers)))
    if len(report.platforms) > len(report.totals):
        rows = tuple((total.label, *_cells(total, total.currency)) for total in report.platforms)
        sections.append(Section("By platform", header=_header(_COLUMNS), rows=rows))
    if report.around.budgets:
        sections.append(_month(report.around.budgets))
    if report.around.activity:
        sections.append(Section(DONE, activity_sentences(report.around.activity)))
    return sections


def report_message(report: DailyReport) -> tuple[str, str]:
    """Return the title and the plain text of a message that tells of the report."""
    totals = [
        f"{total.currency}: {' · '.join(_named(metric, name, total) for metric, name in _COLUMNS[:3])}"
        for total in report.totals
    ]
    needs = [f"- {sentence}" for sentence in _attention(report)]
    lines = [*totals, "", f"{NEEDS_YOU}:", *needs] if report.totals else [_no_facts(report)]
    return f"adtempo: {report.day:%A} {_day(report.day)}", "\n".join(lines)


def _named(metric: Metric, name: str, total: Total) -> str:
    reported = f"{name} {format_value(metric, value_of(metric, total.figures), total.currency)}"
    will_be = return_in_words(total.expected) if metric is ROAS else ""
    return f"{reported}, {will_be}" if will_be else reported


def _month(budgets: Sequence[BudgetPace]) -> Section:
    def amount(micros: int | None, currency: str) -> str:
        return format_value(SPEND, micros, currency)

    rows = tuple(
        (
            budget.label,
            amount(budget.pacing.spent_micros, budget.currency),
            amount(budget.pacing.planned_micros, budget.currency),
            amount(budget.pacing.expected_micros, budget.currency),
            budget.pacing.pace.replace("_", " "),
        )
        for budget in budgets[:_LINES]
    )
    return Section("Month to date", header=("", "spent", "planned", "expected end", "pace"), rows=rows)


def report_markdown(report: DailyReport) -> str:
    """Return the report as Markdown."""
    parts = []
    for depth, section in enumerate(report_sections(report)):
        parts.append(f"{'#' * min(depth + 1, 2)} {section.title}")
        parts += ["\n".join(f"- {sentence}" for sentence in section.sentences)] if section.sentences else []
        if section.rows:
            lines = (section.header, ("---", *("---:" for _ in section.header[1:])), *section.rows)
            parts.append(
                "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
            )
    return "\n\n".join(parts) + "\n"


def _no_facts(report: DailyReport) -> str:
    return (
        f"No facts are known for this day as of {report.as_of:%Y-%m-%d %H:%M} UTC. "
        "Import some (adtempo import facts FILE), sync, or choose another day with --date."
    )


def _attention(report: DailyReport) -> tuple[str, ...]:
    if not report.attention:
        return ("Nothing that these facts show.",)
    hidden = len(report.attention) - _LINES
    return (*report.attention[:_LINES], *((f"... and {hidden} more.",) if hidden > 0 else ()))


def shorten(report: DailyReport, lines: Sequence[CampaignDay], length: int = _LINES) -> list[CampaignDay]:
    """Keep as many of each currency as make a list of a length, at least two of each."""
    share = max(2, length // len(report.totals))
    currencies = [total.currency for total in report.totals]
    return [line for one in currencies for line in [x for x in lines if x.profile.currency == one][:share]]


def _how_complete(report: DailyReport) -> tuple[str, ...]:
    open_accounts = [account for account in report.freshness if not account.complete]
    known = f"{'Simulated market. ' if report.simulated else ''}As known on {report.as_of:%Y-%m-%d %H:%M} UTC."
    if not open_accounts:
        return (f"{known} Every account was read after the day had ended there; late conversions may still arrive.",)
    names = ", ".join(str(account.account) for account in open_accounts[:3])
    more = f" and {len(open_accounts) - 3} more" if len(open_accounts) > 3 else ""
    return (f"{known} Not complete: {names}{more} not read since the day ended there.",)


def _total_rows(report: DailyReport) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    for total in report.totals:
        noun = "campaign" if total.campaigns == 1 else "campaigns"
        rows.append((f"{total.currency}, {total.campaigns} {noun}", *_cells(total, total.currency)))
        for comparison, before in ((report.day_before, total.day_before), (report.week_before, total.week_before)):
            if before is not None:
                rows.append((f"  against {_against(comparison)}", *_changes(total.figures, before)))
    return tuple(rows)


def _campaigns(title: str, lines: Sequence[CampaignDay]) -> Section:
    rows = tuple(
        (
            f"{line.profile.label} ({line.profile.ref.platform})",
            *_cells(line, line.profile.currency, _CAMPAIGN_COLUMNS),
            _change(CONVERSION_VALUE, line.figures, line.day_before),
        )
        for line in lines
    )
    header = (*_header(_CAMPAIGN_COLUMNS), "value change")
    return Section(title, () if rows else ("No campaign brought any value on this day.",), header, rows)


def _header(columns: Sequence[tuple[Metric, str]]) -> tuple[str, ...]:
    names = ((name, *_EXPECTED) if metric is ROAS else (name,) for metric, name in columns)
    return ("", *chain.from_iterable(names))


def _cells(
    line: Total | CampaignDay, currency: str, columns: Sequence[tuple[Metric, str]] = _COLUMNS
) -> tuple[str, ...]:
    cells: list[str] = []
    for metric, _ in columns:
        cells.append(format_value(metric, value_of(metric, line.figures), currency))
        if metric is ROAS:
            maturity = line.expected.maturity if line.expected else None
            cells.append(in_words(ROAS, line.expected.roas if line.expected else NOTHING, currency))
            cells.append(ABSENT if maturity is None else f"{maturity:.0%}")
    return tuple(cells)


def _changes(figures: Quantities, before: Quantities) -> tuple[str, ...]:
    cells: list[str] = []
    for metric, _ in _COLUMNS:
        cells += [_change(metric, figures, before), "", ""] if metric is ROAS else [_change(metric, figures, before)]
    return tuple(cells)


def _change(metric: Metric, figures: Quantities, before: Quantities | None) -> str:
    share = estimate_change(value_of(metric, figures), value_of(metric, before)) if before else None
    return ABSENT if share is None else f"{round(share, 2) + 0.0:+.0%}"  # + 0.0 turns -0 into 0


def _against(comparison: Comparison) -> str:
    return f"{comparison.day:%a} {comparison.day.day} {comparison.day:%b}" + (
        " at the same age" if comparison.same_age else ""
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
