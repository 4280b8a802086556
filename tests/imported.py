"""Import a file as the ledger would, and look at its rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from adtempo.facts.formats import ImportOptions, StagedFile
from adtempo.facts.ledger import SERIES_KEY, open_duckdb
from adtempo.facts.staging import read_facts_file

EXPORTS = Path(__file__).parent / "data" / "exports"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

CANONICAL_HEADER = "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend"


@dataclass(frozen=True)
class Imported:
    """A staged file and the connection that holds its rows."""

    file: StagedFile
    con: duckdb.DuckDBPyConnection

    def rows(self, columns: str, order: str = "ALL") -> list[tuple[Any, ...]]:
        return self.con.execute(f"SELECT {columns} FROM incoming ORDER BY {order}").fetchall()

    def attributes(self, columns: str = "level, entity_id, attribute, value, effective_at") -> list[tuple[Any, ...]]:
        return self.con.execute(f"SELECT {columns} FROM incoming_attributes ORDER BY ALL").fetchall()


def stage(path: Path, spill: Path, **options: Any) -> Imported:
    """Read a file of facts at NOW, spilling into a folder; its series must be those of its rows."""
    spill.mkdir(exist_ok=True)
    con = open_duckdb([path.parent], memory_mb=1200, spill=spill)
    file = read_facts_file(con, path, ImportOptions(**options), observed_at=lambda: NOW, progress=lambda _share: None)
    key = ", ".join(SERIES_KEY)
    entities = "SELECT *, coalesce(ad_id, ad_group_id, campaign_id) AS entity_id FROM incoming"
    counted = con.execute(f"SELECT DISTINCT {key} FROM ({entities}) ORDER BY ALL").fetchall()
    assert con.execute(f"SELECT {key} FROM incoming_series ORDER BY ALL").fetchall() == counted
    return Imported(file, con)


def canonical(folder: Path, *rows: str, header: str = CANONICAL_HEADER, name: str = "facts.csv") -> Path:
    """Write a canonical file."""
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8", newline="")
    return path


def row(**cells: str) -> str:
    """Write one canonical row; cells replace those of an ordinary one."""
    ordinary = dict(
        zip(
            CANONICAL_HEADER.split(","),
            ["meta", "act_1", "UTC", "USD", "c1", "day", "2026-11-07", "100", "5", "1.25"],
            strict=True,
        )
    )
    return ",".join({**ordinary, **cells}.values())
