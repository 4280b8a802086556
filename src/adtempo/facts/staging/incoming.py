"""The last step: `keyed` rows as `incoming` (FACT_SCHEMA) and `incoming_attributes` (ATTRIBUTE_SCHEMA)."""

from __future__ import annotations

from dataclasses import dataclass

from adtempo.facts.ledger import SERIES_KEY
from adtempo.facts.staging.plan import sql_text
from adtempo.facts.staging.stage import Stage, quoted

_MEASURES = (
    ("impressions", "impressions"),
    ("clicks", "clicks"),
    ("spend", "spend_micros"),
    ("conversions", "conversions_micros"),
    ("conversion_value", "conversion_value_micros"),
    ("reach", "reach"),
)


@dataclass(frozen=True, slots=True)
class _Attribute:
    """A cell that says something about an entity: which level's, and what. No level means the row's own."""

    cell: str
    level: str
    name: str


_ATTRIBUTES = (
    _Attribute("campaign_name", "campaign", "name"),
    _Attribute("ad_group_name", "ad_group", "name"),
    _Attribute("ad_name", "ad", "name"),
    _Attribute("niche", "campaign", "niche"),
    _Attribute("campaign_status", "campaign", "status"),
    _Attribute("campaign_budget_daily", "campaign", "budget_daily_micros"),
    _Attribute("ad_group_budget_daily", "ad_group", "budget_daily_micros"),
    _Attribute("status", "", "status"),
    _Attribute("budget_daily", "", "budget_daily_micros"),
)
_ENTITY = {"campaign": "campaign_id", "ad_group": "ad_group_id", "ad": "ad_id", "": "entity_id"}


def view_incoming(stage: Stage) -> None:
    """Make the view `incoming`: one row per fact, and one more per named conversion type it reports.

    `incoming_series` holds its distinct series, without a look at every row.
    """
    selects = [_facts(stage)]
    selects += [_typed_facts(stage, kind) for kind in stage.plan.types]
    stage.con.execute(f"CREATE OR REPLACE TEMP VIEW incoming AS {' UNION ALL '.join(selects)}")
    key = ", ".join(name for name in SERIES_KEY if name != "conversion_type")
    series = [f"SELECT DISTINCT {key}, '' AS conversion_type FROM told"]
    for kind in stage.plan.types:
        _, _, reported = _named(stage, kind)
        series.append(f"SELECT DISTINCT {key}, {sql_text(kind)} AS conversion_type FROM keyed WHERE {reported}")
    stage.con.execute(f"CREATE OR REPLACE TEMP VIEW incoming_series AS {' UNION ALL '.join(series)}")


def _head(conversion_type: str) -> str:
    return (
        "platform, account_id, level, campaign_id, ad_group_id, ad_id, creative_id, grain, slot, day_local, "
        f"hour_of_week, attribution, {sql_text(conversion_type)} AS conversion_type, observed_at"
    )


def _named(stage: Stage, kind: str) -> tuple[str, str, str]:
    """Return SQL of the count and the value of a named conversion type, and of whether a row reports any."""
    cells = (f"conversions:{kind}", f"conversion_value:{kind}")
    counts, values = (quoted(cell) if stage.has(cell) else "NULL::BIGINT" for cell in cells)
    return counts, values, f"({counts} IS NOT NULL OR {values} IS NOT NULL)"


def _facts(stage: Stage) -> str:
    measures = ", ".join(f"{quoted(cell) if stage.has(cell) else 'NULL::BIGINT'} AS {name}" for cell, name in _MEASURES)
    return f"SELECT {_head('')}, {measures} FROM keyed"


def _typed_facts(stage: Stage, kind: str) -> str:
    counts, values, reported = _named(stage, kind)
    own = {"conversions": counts, "conversion_value": values}
    measures = ", ".join(f"{own.get(cell, 'NULL::BIGINT')} AS {name}" for cell, name in _MEASURES)
    return f"SELECT {_head(kind)}, {measures} FROM keyed WHERE {reported}"


def reduce_attributes(stage: Stage) -> None:
    """Make the table `incoming_attributes`: of each entity's attribute, the slots from which a new value holds."""
    con = stage.con
    said = _said(stage, "keyed", "effective_at, observed_at, ordinal")
    key = "platform, account_id, level, campaign_id, entity_id, attribute"
    # Most entities keep one name for ever: only those with several values need their slots put in order.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE single_values AS
        SELECT {key}, value, min(effective_at) AS effective_at, arg_min(observed_at, effective_at) AS observed_at
        FROM ({_said(stage, "told", "effective_at, observed_at")}) GROUP BY {key}, value
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming_attributes AS
        WITH kept AS (SELECT {key}, count(*) AS several FROM single_values GROUP BY {key}),
        history AS (
            SELECT said.* FROM ({said}) AS said SEMI JOIN (FROM kept WHERE several > 1) AS changing USING ({key})
            QUALIFY row_number() OVER (
                PARTITION BY {key}, effective_at ORDER BY said.observed_at DESC, said.ordinal) = 1),
        changes AS (
            SELECT * FROM history
            QUALIFY value IS DISTINCT FROM lag(value) OVER (PARTITION BY {key} ORDER BY effective_at))
        SELECT {key}, value, effective_at, observed_at FROM single_values SEMI JOIN
            (FROM kept WHERE several = 1) AS lasting USING ({key})
        UNION ALL SELECT {key}, value, effective_at, observed_at FROM changes
        """
    )
    con.execute("DROP TABLE single_values")


def _said(stage: Stage, relation: str, columns: str) -> str:
    """Return SQL for the attributes that rows of a relation give, one row each, with further columns of theirs."""
    selects = [
        f"SELECT platform, account_id, {level}, campaign_id, {entity} AS entity_id, '{attribute.name}' AS attribute, "
        f"{attribute.cell}::VARCHAR AS value, {columns} FROM {relation} "
        f"WHERE {attribute.cell} IS NOT NULL AND {entity} IS NOT NULL"
        for attribute in _ATTRIBUTES
        for level in (f"'{attribute.level}' AS level" if attribute.level else "level",)
        for entity in (_ENTITY[attribute.level],)
        if stage.has(attribute.cell) and (entity == "entity_id" or stage.knows(entity))
    ]
    nothing = f"SELECT platform, account_id, level, campaign_id, entity_id, '' AS attribute, '' AS value, {columns}"
    return " UNION ALL ".join(selects) or f"{nothing} FROM {relation} WHERE false"
