"""Odd but possible: values that a person should look at, never a reason to refuse a file."""

from __future__ import annotations

from collections.abc import Iterator
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
        about_time: It compares times, not only values.
    """

    name: str
    severity: str
    odd_when: str
    needs: tuple[str, ...]
    advice: str
    formats: tuple[str, ...] = ()
    about_time: bool = False


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
        about_time=True,
    ),
    QualityRule(
        "observed_in_the_future",
        "warning",
        "observed_at > {now}",
        ("observed_at",),
        "observed_at lies in the future; check its time zone",
        about_time=True,
    ),
)
"""Every rule that the values of an imported file are compared with."""


def check_quality(stage: Stage, now: datetime) -> tuple[QualityVerdict, ...]:
    """Return a verdict for each rule that some row of `keyed` makes odd."""
    moment = f"TIMESTAMP {sql_text(now.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    rules = [
        rule
        for rule in QUALITY_RULES
        if all(stage.has(cell) for cell in rule.needs)
        and stage.plan.format.name in (rule.formats or (stage.plan.format.name,))
    ]
    about_values = [rule for rule in rules if not rule.about_time]
    about_time = [rule for rule in rules if rule.about_time and _has_odd_times(stage, moment)]
    return (*_verdicts(stage, about_values, stage.good, moment), *_verdicts(stage, about_time, "keyed", moment))


def _has_odd_times(stage: Stage, moment: str) -> bool:
    """Tell from the distinct times, which are few, whether a row's time can be odd at all."""
    observed = "observed_moment FROM observed_times" if stage.has("observed_at") else f"{moment} AS observed_moment"
    return bool(
        stage.value(
            f"SELECT (SELECT max(starts_at) FROM slot_times) > least(min(observed_moment), {moment}) "
            f"OR coalesce(max(observed_moment) > {moment}, false) FROM (SELECT {observed})"
        )
    )


def _verdicts(stage: Stage, rules: list[QualityRule], relation: str, moment: str) -> Iterator[QualityVerdict]:
    if not rules:
        return
    parts = []
    for rule in rules:
        odd = rule.odd_when.format(now=moment)
        parts += [f"count(*) FILTER (WHERE {odd})", f"min(ordinal) FILTER (WHERE {odd})"]
    (found,) = stage.con.execute(f"SELECT {', '.join(parts)} FROM {relation}").fetchall()
    for rule, count, ordinal in zip(rules, found[::2], found[1::2], strict=True):
        if count:
            yield QualityVerdict(rule.name, rule.severity, count, _example(stage, ordinal), rule.advice)


def _example(stage: Stage, ordinal: int) -> str:
    ((level, entity, grain, slot),) = stage.con.execute(
        "SELECT level, entity_id, grain, slot FROM keyed WHERE ordinal = ?", [ordinal]
    ).fetchall()
    when = f"{slot:%Y-%m-%d}" if grain == "day" else f"{slot:%Y-%m-%dT%H:%MZ}"
    where = f"line {ordinal}: " if stage.numbered else ""
    return f"{where}{level.replace('_', ' ')} {entity}, {when}"
