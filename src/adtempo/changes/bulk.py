"""Changes as a file for doing by hand: the columns of each platform's own bulk upload."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from adtempo.domain.accounts import Platform
from adtempo.domain.campaigns import Status
from adtempo.domain.changes import Change
from adtempo.domain.errors import InvalidInput
from adtempo.domain.money import format_micros, minor_decimals

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def write_bulk_file(changes: Sequence[Change]) -> str:
    """Return changes as CSV in the columns of their platform's bulk upload, of each campaign the newest.

    Raises:
        InvalidInput: They belong to several platforms, whose columns differ.
    """
    platforms = sorted({change.campaign.platform for change in changes})
    if len(platforms) > 1:
        raise InvalidInput(f"bulk uploads of {' and '.join(platforms)} have different columns; choose one --account")
    columns = COLUMNS[platforms[0] if platforms else Platform.OTHER]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    newest = {change.campaign: change for change in sorted(changes, key=lambda change: change.id)}
    for change in newest.values():
        writer.writerow([_guard(cell(change)) for cell in columns.values()])
    return text.getvalue()


def _guard(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _campaign(change: Change) -> str:
    return change.campaign.campaign_id


def _account(change: Change) -> str:
    return change.campaign.account_id


def _budget(change: Change) -> str:
    decimals = minor_decimals(change.currency, change.campaign.platform)
    return format_micros(change.target.budget_daily_micros, decimals)


def _status(on: str, off: str) -> Callable[[Change], str]:
    return lambda change: on if change.target.status is Status.ACTIVE else off


Columns = Mapping[str, Callable[[Change], str]]

COLUMNS: Mapping[str, Columns] = MappingProxyType(
    {
        Platform.META: {
            "Campaign ID": _campaign,
            "Campaign Daily Budget": _budget,
            "Campaign Status": _status("ACTIVE", "PAUSED"),
        },
        Platform.GOOGLE: {
            "Action": lambda _change: "Edit",
            "Customer ID": _account,
            "Campaign ID": _campaign,
            "Budget": _budget,
            "Campaign status": _status("Enabled", "Paused"),
        },
        Platform.TIKTOK: {
            # Its help, "troubleshoot bulk import issues": an id is refused without this prefix.
            "Campaign ID": lambda change: f"id:{_campaign(change)}",
            "Campaign Budget": _budget,
            "Campaign Status": _status("On", "Off"),
        },
        Platform.OTHER: {
            "account_id": _account,
            "campaign_id": _campaign,
            "budget_daily": _budget,
            "status": _status("active", "paused"),
        },
    }
)
"""Per platform, the title of each column and what stands in it."""
