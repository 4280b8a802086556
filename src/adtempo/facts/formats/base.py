"""What an import format is: mostly a table of column names.

Cells are the canonical columns of `CELLS`. A format says under which names a file holds them; everything else (finding
the header, numbers, times, checks, the SQL) is shared and lies in `facts/staging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from adtempo.domain.accounts import Account
from adtempo.domain.errors import Problem

ENTITY_CELLS = ("campaign_id", "ad_group_id", "ad_id")
NAME_CELLS = ("campaign_name", "ad_group_name", "ad_name")
INTEGER_CELLS = ("impressions", "clicks", "reach")
AMOUNT_CELLS = ("spend", "conversions", "conversion_value")
BUDGET_CELLS = ("budget_daily", "campaign_budget_daily", "ad_group_budget_daily")
TEXT_CELLS = (
    "platform",
    "account_id",
    "account_timezone",
    "currency",
    *ENTITY_CELLS,
    "creative_id",
    "grain",
    "slot_start",
    "hour",
    "attribution",
    "observed_at",
    *NAME_CELLS,
    "niche",
    "status",
    "campaign_status",
)
TIME_CELLS = ("slot_start", "hour", "observed_at")
CELLS = (*TEXT_CELLS, *INTEGER_CELLS, *AMOUNT_CELLS, *BUDGET_CELLS)
"""Every canonical cell; `hour` is an hour of day where it has a column of its own. The plain `status` and
`budget_daily` belong to the level of their row."""

MEASURES = ("impressions", "clicks", "spend", "conversions", "conversion_value")
NAMED_CONVERSIONS = "conversions:"
NAMED_VALUES = "conversion_value:"


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A rule of one format about one row.

    Attributes:
        column: Cell that the problem is reported for.
        broken_when: SQL over the format's own column names in braces.
        message: What is wrong and what to do.
    """

    column: str
    broken_when: str
    message: str


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file names its columns.

    Attributes:
        name: What ``--format`` calls it.
        title: What people call it.
        columns: Cell (or a name used in `derived`) to the file's column names, lower case, the preferred one first.
        needs: Groups of cells of which a file must have at least one each, to be such a file.
        platform: Where the accounts live; empty when the file says so.
        plain: Numbers and times are canonical; else thousands separators and dates of people are understood.
        missing: Texts that mean "no value", beside the empty cell.
        totals: Regular expression of a cell that makes a row without a day a totals row, to be left out.
        leading_total: A first row without any entity sums up and is left out.
        by_option: Cell to columns that count only when the user names one, since they may mean something else.
        derived: Cell to an SQL template over names in braces, used when the file has all of those names.
        checks: Rules about single rows.
        requires: Options that must be given.
        advice: How to get a file that can be imported.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    needs: tuple[tuple[str, ...], ...]
    platform: str = ""
    plain: bool = False
    missing: tuple[str, ...] = ()
    totals: str = ""
    leading_total: bool = False
    by_option: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    derived: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    checks: tuple[RowCheck, ...] = ()
    requires: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user said about a file.

    Attributes:
        format: Name of a format; None recognises it.
        mapping: TOML file that names columns and constants; overrides everything.
        timezone: IANA name, where the file has none.
        currency: ISO 4217 code, where the file has none.
        account_id: Account, where the file has none.
        platform: Platform, where the file has none.
        year: Year of dates that have none.
        value: Column of the conversion value, where several could be meant.
        clicks: Column of the clicks, where several could be meant.
        conversions: Column of the conversions, where several could be meant; ``none`` leaves them out.
        skip_bad: Where to write rows that cannot be imported; None refuses the file because of them.
    """

    format: str | None = None
    mapping: Path | None = None
    timezone: str | None = None
    currency: str | None = None
    account_id: str | None = None
    platform: str | None = None
    year: int | None = None
    value: str | None = None
    clicks: str | None = None
    conversions: str | None = None
    skip_bad: Path | None = None


@dataclass(frozen=True, slots=True)
class QualityVerdict:
    """Something odd but possible about the values of a file.

    Attributes:
        rule: Name of the rule.
        severity: ``info`` or ``warning``.
        count: How many rows.
        example: One of them, in words.
        advice: What it may mean and what to do.
    """

    rule: str
    severity: str
    count: int
    example: str
    advice: str


@dataclass(frozen=True, slots=True)
class StagedFile:
    """What a file holds; its rows stand in the connection as `incoming` and `incoming_attributes`.

    Attributes:
        format: Name of the format it was read as.
        rows: Rows of the file that can be imported.
        rejected: Rows written to the rejects file.
        left_out: Totals rows.
        problems: The first 20 problems of rejected rows.
        accounts: Accounts that the rows belong to.
        verdicts: Odd but possible values.
        notes: How the file was understood, in words.
    """

    format: str
    rows: int
    rejected: int
    left_out: int
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]
    verdicts: tuple[QualityVerdict, ...]
    notes: tuple[str, ...]
