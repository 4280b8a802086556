"""From a planned file to typed rows: one pass of DuckDB, then small tables for what is distinct.

The relations, in the order they are made: `source` (texts as they stand), `staged` (canonical cells, numbers typed;
a Parquet file beside the spill), `slot_times` and `observed_times` (resolved in Python), `placed` (all joined),
`keyed` (good rows, with their slot) and `told` (what they say beside times and measures, each once).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from adtempo.domain.errors import InvalidInput
from adtempo.facts.formats.base import AMOUNT_CELLS, BUDGET_CELLS, INTEGER_CELLS, TEXT_CELLS
from adtempo.facts.ledger import varying
from adtempo.facts.staging.numbers import plain, typed
from adtempo.facts.staging.plan import Plan, sql_text
from adtempo.facts.staging.times import ReadMoment, read_iso, resolve_moment, resolve_slot, written_reader, zone_of

_BATCH = 20_000
_SLOT_TEXTS = ("account_timezone", "grain", "slot_start", "hour")
_SLOT_TIMES = pa.schema(
    [
        *((name, pa.string()) for name in _SLOT_TEXTS),
        ("first_slot", pa.timestamp("us")),
        ("second", pa.timestamp("us")),
        ("day_local", pa.date32()),
        ("hour_of_week", pa.int16()),
        ("starts_at", pa.timestamp("us")),
        ("slot_fault", pa.string()),
    ]
)
_OBSERVED_TIMES = pa.schema(
    [
        ("account_timezone", pa.string()),
        ("observed_text", pa.string()),
        ("observed_moment", pa.timestamp("us")),
        ("observed_fault", pa.string()),
    ]
)

FACT_KEY = (
    "platform",
    "account_id",
    "level",
    "campaign_id",
    "entity_id",
    "grain",
    "slot",
    "attribution",
    "observed_at",
)
"""What must be unique among the rows of one file."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One file on its way through DuckDB.

    Attributes:
        con: The connection that holds the relations.
        plan: How the file is read.
        folder: Where Parquet files of this stage lie.
        numbered: Whether `source` knows the line of each row; else only their order is known.
        decimal: The sign before decimals.
    """

    con: duckdb.DuckDBPyConnection
    plan: Plan
    folder: Path
    numbered: bool
    decimal: str = "."
    numbers: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        named = [cell for cell in self.plan.cells if ":" in cell]
        known = [cell for cell in (*INTEGER_CELLS, *AMOUNT_CELLS, *BUDGET_CELLS) if cell in self.plan.cells]
        object.__setattr__(self, "numbers", (*known, *named))

    def has(self, cell: str) -> bool:
        """Tell whether a cell has a column of its own in the file."""
        return cell in self.plan.cells

    def knows(self, cell: str) -> bool:
        """Tell whether a cell can be anything but null."""
        return self.has(cell) or cell in self.plan.constants or cell == "attribution"

    @property
    def good(self) -> str:
        """The relation of good rows when their times do not matter: a fast reading has no others, and saves a join."""
        return "keyed" if self.numbered else "staged"

    def value(self, sql: str) -> Any:
        """Return the single value of a query."""
        ((found,),) = self.con.execute(sql).fetchall()
        return found


def quoted(cell: str) -> str:
    """Write a cell's name as an SQL identifier."""
    return '"' + cell.replace('"', '""') + '"'


def text_of(cell: str) -> str:
    """Name the column that keeps a number's text."""
    return quoted(f"{cell} text")


def view_csv(stage: Stage) -> None:
    """Make `source` a view of the CSV file itself."""
    sheet = stage.plan.sheet
    columns = ", ".join(f"'{sheet.column(position)}': 'VARCHAR'" for position in range(len(sheet.header)))
    stage.con.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT *, NULL::BIGINT AS line, NULL::VARCHAR AS fault "
        f"FROM read_csv({sql_text(str(sheet.path))}, auto_detect = false, header = false, skip = {sheet.body}, "
        f"delim = {sql_text(sheet.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}})"
    )


def view_numbered(stage: Stage, path: Path) -> None:
    """Make `source` a view of a numbered Parquet file."""
    stage.con.execute(f"CREATE OR REPLACE TEMP VIEW source AS FROM read_parquet({sql_text(str(path))})")


def stage_cells(stage: Stage) -> None:
    """Write the canonical cells of all rows as Parquet; `staged` is a view of it without `totals`, the totals rows."""
    plan = stage.plan
    path = stage.folder / "staged.parquet"
    texts = [f"{plan.cells[cell]} AS {quoted(cell)}" for cell in TEXT_CELLS if stage.has(cell)]
    raw = [f"{plan.cells[cell]} AS {text_of(cell)}" for cell in stage.numbers]
    checks = [f"({broken}) AS check_{place}" for place, (_, broken, _) in enumerate(plan.checks)]
    wrong = [f"({text_of(cell)} IS NOT NULL AND {quoted(cell)} IS NULL)" for cell in stage.numbers]
    wrong += [f"coalesce(check_{place}, false)" for place in range(len(plan.checks))]
    kept = "*" if stage.numbered else f"* EXCLUDE ({', '.join(['line', 'fault', *map(text_of, stage.numbers)])})"
    cells = [quoted(cell) for cell in TEXT_CELLS if stage.has(cell)]
    values = [f"{typed(cell, _number(stage, cell))} AS {quoted(cell)}" for cell in stage.numbers]
    middle = ["line", "fault", "totals", *cells, *(text_of(cell) for cell in stage.numbers), *values]
    middle += [f"check_{place}" for place in range(len(plan.checks))]
    stage.con.execute(
        f"COPY (SELECT {kept}, {' OR '.join(wrong) or 'false'} AS wrong FROM (SELECT {', '.join(middle)} FROM "
        f"(SELECT {', '.join(['line', 'fault', f'{plan.totals} AS totals', *texts, *raw, *checks])} FROM source))) "
        f"TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION lz4_raw, PRESERVE_ORDER true)"
    )
    filled = [
        f"coalesce({quoted(cell) if stage.has(cell) else 'NULL'}, {_constant(plan, cell)}) AS {quoted(cell)}"
        for cell in TEXT_CELLS
    ]
    order = "line" if stage.numbered else "file_row_number"
    numbers = [quoted(cell) for cell in stage.numbers]
    extra = ["line", "fault", *(text_of(cell) for cell in stage.numbers)] if stage.numbered else []
    extra += [f"check_{place}" for place in range(len(plan.checks))]
    stage.con.execute(
        f"CREATE OR REPLACE TEMP VIEW staged AS SELECT {', '.join([*filled, *numbers, *extra])}, wrong, "
        f"{order} AS ordinal FROM read_parquet({sql_text(str(path))}, file_row_number = true) WHERE NOT totals"
    )
    stage.con.execute(f"CREATE OR REPLACE TEMP VIEW totals AS FROM read_parquet({sql_text(str(path))}) WHERE totals")


def _constant(plan: Plan, cell: str) -> str:
    if cell in plan.constants:
        return sql_text(plan.constants[cell])
    return "''" if cell in {"hour", "attribution"} else "NULL::VARCHAR"


def _number(stage: Stage, cell: str) -> str:
    return text_of(cell) if stage.plan.format.plain else f"({plain(text_of(cell), stage.decimal)})"


def choose_decimal(stage: Stage) -> str:
    """Return the sign before decimals that a file's numbers are consistent with: a point if possible.

    Raises:
        InvalidInput: A file separated by semicolons has numbers that can be read both ways.
    """
    plan = stage.plan
    if plan.format.plain or plan.mapping.decimal is not None or not stage.numbers:
        return plan.mapping.decimal or "."
    only_point, only_comma, either = [], [], []
    for cell in stage.numbers:
        text = plan.cells[cell]
        point, comma = (f"({typed(cell, '(' + plain(f'({text})', sign) + ')')})" for sign in (".", ","))
        only_point.append(f"({point} IS NOT NULL AND {comma} IS NULL)")
        only_comma.append(f"({comma} IS NOT NULL AND {point} IS NULL)")
        either.append(f"coalesce({point} <> {comma}, false)")
    counts = (f"count(*) FILTER (WHERE {' OR '.join(rule)})" for rule in (only_point, only_comma, either))
    query = f"SELECT {', '.join(counts)} FROM source WHERE NOT {plan.totals} AND fault IS NULL"
    ((points, commas, ambiguous),) = stage.con.execute(query).fetchall()
    if ambiguous and not points and not commas and plan.sheet.delimiter == ";":
        raise InvalidInput(
            f"{plan.sheet.path.name}: numbers such as 1,234 can be read two ways; "
            'say decimal = "," or decimal = "." in a mapping file'
        )
    return "," if commas and not points else "."


def place_rows(stage: Stage, observed_at: datetime) -> None:
    """Resolve all distinct times and make `placed`, the staged rows with their times and levels."""
    _resolve_slots(stage)
    moment = f"TIMESTAMP {sql_text(observed_at.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    join, observed, fault = "", moment, "NULL"
    # A row that lacks a text is bad: it must be found by the numbered reading and may be lost by the fast one.
    same = "IS NOT DISTINCT FROM" if stage.numbered else "="
    slots = [f"s.{text} {same} t.{text}" for text in varying(stage.con, "slot_times", _SLOT_TEXTS)]
    if stage.has("observed_at"):
        _resolve_observed(stage)
        texts = {"account_timezone": "coalesce(s.account_timezone, '')", "observed_text": "s.observed_at"}
        observations = [f"o.{name} = {texts[name]}" for name in varying(stage.con, "observed_times", texts)]
        join = f"LEFT JOIN observed_times AS o ON {' AND '.join(observations) or 'true'}"
        observed, fault = f"coalesce(o.observed_moment, {moment})", "o.observed_fault"
    stage.con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW placed AS
        SELECT s.* EXCLUDE (observed_at), {observed} AS observed_at, {fault} AS observed_fault,
            t.first_slot, t.second, t.day_local, t.hour_of_week, t.starts_at, t.slot_fault,
            coalesce(s.ad_id, s.ad_group_id, s.campaign_id) AS entity_id,
            CASE WHEN s.ad_id IS NOT NULL THEN 'ad' WHEN s.ad_group_id IS NOT NULL THEN 'ad_group'
                ELSE 'campaign' END AS level
        FROM staged AS s
        JOIN slot_times AS t ON {" AND ".join(slots) or "true"}
        {join}
        """
    )


def _fill_table(
    stage: Stage, name: str, schema: pa.Schema, columns: str, resolve: Callable[[tuple[Any, ...]], tuple[Any, ...]]
) -> None:
    """Make a table of distinct texts and what each means."""
    stage.con.execute(f"CREATE OR REPLACE TEMP TABLE distinct_texts AS SELECT DISTINCT {columns} FROM staged")
    empty = schema.empty_table()
    stage.con.register("resolved", empty)
    stage.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM resolved")
    total = int(stage.value("SELECT count(*) FROM distinct_texts"))
    for start in range(0, total, _BATCH):
        batch = f"FROM distinct_texts WHERE rowid >= {start} AND rowid < {start + _BATCH}"
        texts = stage.con.execute(batch).fetchall()
        rows = [(*text, *resolve(text)) for text in texts]
        table = pa.Table.from_arrays(
            [pa.array(column, kind.type) for column, kind in zip(zip(*rows, strict=True), schema, strict=True)],
            schema=schema,
        )
        stage.con.register("resolved", table)
        stage.con.execute(f"INSERT INTO {name} FROM resolved")
    stage.con.unregister("resolved")


def _resolve_slots(stage: Stage) -> None:
    plan = stage.plan
    read: ReadMoment = read_iso
    if not plan.format.plain:
        days = stage.con.execute("SELECT DISTINCT slot_start FROM staged WHERE contains(left(slot_start, 4), '/')")
        read = written_reader([day for (day,) in days.fetchall()], plan.mapping.date_format)

    def resolve(text: tuple[str, ...]) -> tuple[Any, ...]:
        name, grain, start, hour = (part or "" for part in text)
        try:
            zone = zone_of(name)
        except InvalidInput:
            return (None, None, None, None, None, None)  # the zone is what is wrong, not the time
        try:
            slot = resolve_slot(grain, start, hour, zone, read)
        except InvalidInput as error:
            return (None, None, None, None, None, error.message)
        return (slot.slot, slot.second, slot.day_local, slot.hour_of_week, slot.starts_at, None)

    _fill_table(stage, "slot_times", _SLOT_TIMES, ", ".join(_SLOT_TEXTS), resolve)


def _resolve_observed(stage: Stage) -> None:
    def resolve(text: tuple[Any, ...]) -> tuple[Any, ...]:
        name, observed = text
        try:
            return (None if observed is None else resolve_moment(observed, zone_of(name)), None)
        except InvalidInput as error:
            return (None, error.message)

    columns = "coalesce(account_timezone, ''), observed_at"
    _fill_table(stage, "observed_times", _OBSERVED_TIMES, columns, resolve)
