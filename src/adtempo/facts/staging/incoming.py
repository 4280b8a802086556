"""The last step: `keyed` rows as `incoming` (FACT_SCHEMA) and `incoming_attributes` (ATTRIBUTE_SCHEMA)."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Make the view `incoming`: one row per fact, and one more per named conversion type it reports."""
    selects = [_facts(stage)]
    selects += [_typed_facts(stage, kind) for kind in stage.plan.types]
    stage.con.execute(f"CREATE OR REPLACE TEMP VIEW incoming AS {' UNION ALL '.join(selects)}")


def _head(conversion_type: str) -> str:
    return (
        "platform, account_id, level, campaign_id, ad_group_id, ad_id, creative_id, grain, slot, day_local, "
        f"hour_of_week, attribution, '{conversion_type}' AS conversion_type, observed_at"
    )


def _facts(stage: Stage) -> str:
    measures = ", ".join(f"{quoted(cell) if stage.has(cell) else 'NULL::BIGINT'} AS {name}" for cell, name in _MEASURES)
    return f"SELECT {_head('')}, {measures} FROM keyed"


def _typed_facts(stage: Stage, kind: str) -> str:
    counts, values = (
        quoted(f"{prefix}:{kind}") if stage.has(f"{prefix}:{kind}") else "NULL::BIGINT"
        for prefix in ("conversions", "conversion_value")
    )
    own = {"conversions": counts, "conversion_value": values}
    measures = ", ".join(f"{own.get(cell, 'NULL::BIGINT')} AS {name}" for cell, name in _MEASURES)
    head = _head(kind.replace("'", "''"))
    return f"SELECT {head}, {measures} FROM keyed WHERE {counts} IS NOT NULL OR {values} IS NOT NULL"


def reduce_attributes(stage: Stage) -> None:
    """Make the table `incoming_attributes`: of each entity's attribute, the slots from which a new value holds."""
    con = stage.con
    selects = [_said(attribute) for attribute in _ATTRIBUTES if stage.has(attribute.cell)]
    if not selects:
        selects = [_nothing()]
    con.execute(f"CREATE OR REPLACE TEMP VIEW said AS {' UNION ALL '.join(selects)}")
    key = "platform, account_id, level, campaign_id, entity_id, attribute"
    # Most entities keep one name for ever: only those with several values need their slots put in order.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE single_values AS
        SELECT {key}, value, min(effective_at) AS effective_at, arg_min(observed_at, effective_at) AS observed_at
        FROM said GROUP BY {key}, value
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming_attributes AS
        WITH kept AS (SELECT {key}, count(*) AS several FROM single_values GROUP BY {key}),
        history AS (
            SELECT said.* FROM said SEMI JOIN (FROM kept WHERE several > 1) AS changing USING ({key})
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


def _said(attribute: _Attribute) -> str:
    level = f"'{attribute.level}'" if attribute.level else "level"
    entity = _ENTITY[attribute.level]
    return (
        f"SELECT platform, account_id, {level} AS level, campaign_id, {entity} AS entity_id, "
        f"'{attribute.name}' AS attribute, {attribute.cell}::VARCHAR AS value, "
        f"CASE grain WHEN 'hour' THEN slot ELSE starts_at END AS effective_at, observed_at, ordinal "
        f"FROM keyed WHERE {attribute.cell} IS NOT NULL AND {entity} IS NOT NULL"
    )


def _nothing() -> str:
    return (
        "SELECT '' AS platform, '' AS account_id, '' AS level, '' AS campaign_id, '' AS entity_id, '' AS attribute, "
        "'' AS value, NULL::TIMESTAMP AS effective_at, NULL::TIMESTAMP AS observed_at, 0 AS ordinal WHERE false"
    )
