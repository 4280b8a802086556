"""Odd but possible: values that a person should look at, never a reason to refuse a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adtempo.domain.money import MICROS
from adtempo.facts.formats.base import QualityVerdict
from adtempo.facts.staging.plan import sql_text
from adtempo.facts.staging.stage import Stage


@dataclass(frozen=True, slots=True)
class QualityRule:
    """A rule about the values of one row.

    Attributes:
        name: What the verdict is called.
        severity: ``info`` or ``warning``.
        odd_when: SQL over `keyed`; ``{now}`` is the moment of the import.
        needs: Cells that the file must have.
        advice: What it may mean and what to do.
        formats: Formats that it is about; empty for all.
    """

    name: str
    severity: str
    odd_when: str
    needs: tuple[str, ...]
    advice: str
    formats: tuple[str, ...] = ()


QUALITY_RULES = (
    QualityRule(
        "more_conversions_than_clicks",
        "warning",
        f"conversions > clicks * {MICROS}",
        ("conversions", "clicks"),
        "view-through or late conversions; conversion rates of these rows exceed 100%",
    ),
    QualityRule(
        "more_clicks_than_impressions",
        "warning",
        "clicks > impressions",
        ("clicks", "impressions"),
        "clicks that came later than their impressions, or two columns exchanged; check the export",
    ),
    QualityRule(
        "spend_without_impressions",
        "warning",
        "spend > 0 AND impressions = 0",
        ("spend", "impressions"),
        "late billing or a fee; cost per impression of these rows cannot be computed",
    ),
    QualityRule(
        "value_without_conversions",
        "warning",
        "conversion_value > 0 AND conversions = 0",
        ("conversion_value", "conversions"),
        "value and conversions may count different actions; check which columns were read",
    ),
    QualityRule(
        "missing_placement",
        "info",
        "ends_with(ad_id, '|')",
        ("ad_id",),
        "rows without a placement are an ad of their own",
        ("display-daily",),
    ),
    QualityRule(
        "slot_after_observation",
        "warning",
        "starts_at > observed_at",
        (),
        "the time lies after the moment it was observed; check year, time zone and observed_at",
    ),
    QualityRule(
        "observed_in_the_future",
        "warning",
        "observed_at > {now}",
        ("observed_at",),
        "observed_at lies in the future; check its time zone",
    ),
)
"""Every rule that the values of an imported file are compared with."""


def check_quality(stage: Stage, now: datetime) -> tuple[QualityVerdict, ...]:
    """Return a verdict for each rule that some row of `keyed` makes odd.

    Args:
        stage: A file whose rows are good.
        now: The moment of the import, UTC.
    """
    moment = f"TIMESTAMP {sql_text(now.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    rules = [
        rule
        for rule in QUALITY_RULES
        if all(stage.has(cell) for cell in rule.needs)
        and stage.plan.format.name in (rule.formats or (stage.plan.format.name,))
    ]
    parts = []
    for rule in rules:
        odd = rule.odd_when.format(now=moment)
        parts += [f"count(*) FILTER (WHERE {odd})", f"min(ordinal) FILTER (WHERE {odd})"]
    (found,) = stage.con.execute(f"SELECT {', '.join(parts)} FROM keyed").fetchall()
    return tuple(
        QualityVerdict(rule.name, rule.severity, count, _example(stage, ordinal), rule.advice)
        for rule, count, ordinal in zip(rules, found[::2], found[1::2], strict=True)
        if count
    )


def _example(stage: Stage, ordinal: int) -> str:
    ((level, entity, grain, slot),) = stage.con.execute(
        "SELECT level, entity_id, grain, slot FROM keyed WHERE ordinal = ?", [ordinal]
    ).fetchall()
    when = f"{slot:%Y-%m-%d}" if grain == "day" else f"{slot:%Y-%m-%dT%H:%MZ}"
    where = f"line {ordinal}: " if stage.numbered else ""
    return f"{where}{level.replace('_', ' ')} {entity}, {when}"
