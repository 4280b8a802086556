"""Files about creators' pages: what they sent, and the bank of captions. Texts are kept exactly as they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import find_zone
from adtempo.domain.messages import MessageType, PriceTier
from adtempo.facts.staging.records import (
    BadCell,
    Cells,
    RecordKind,
    StagedRecords,
    present,
    read_amount,
    read_id,
    read_moment,
    read_records,
)
from adtempo.facts.staging.source import Progress

MESSAGE_SCHEMA = pa.schema(
    [
        pa.field("page_name", pa.string(), nullable=False),
        pa.field("page_timezone", pa.string(), nullable=False),
        pa.field("sent_at", pa.timestamp("us"), nullable=False),  # UTC
        pa.field("message_type", pa.string(), nullable=False),
        pa.field("caption_id", pa.string(), nullable=False),
        pa.field("price_micros", pa.int64(), nullable=False),
        pa.field("recipients", pa.int64(), nullable=False),
        pa.field("views", pa.int64(), nullable=False),
        pa.field("purchases", pa.int64(), nullable=False),
        pa.field("revenue_micros", pa.int64(), nullable=False),
        pa.field("observed_at", pa.timestamp("us"), nullable=False),  # UTC
    ]
)
CAPTION_SCHEMA = pa.schema(
    [
        pa.field("caption_id", pa.string(), nullable=False),
        pa.field("caption_text", pa.string(), nullable=False),
        pa.field("price_tier", pa.string(), nullable=False),
        pa.field("content_category", pa.string(), nullable=False),
        pa.field("has_urgency", pa.bool_(), nullable=False),
        pa.field("page_name", pa.string()),
    ]
)

COUNT_DIGITS = 15

_TRUTHS = {**dict.fromkeys(("true", "1", "yes"), True), **dict.fromkeys(("false", "0", "no"), False)}


def read_messages_file(
    path: Path,
    *,
    zones: Mapping[str, str],
    bank: Collection[str],
    skip_bad: Path | None,
    observed_at: datetime,
    progress: Progress,
) -> StagedRecords:
    """Read a file of sent messages.

    Args:
        path: A CSV file.
        zones: Time zone of each known page: a page keeps its own.
        bank: Ids of all known captions.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        observed_at: When rows without their own `observed_at` became known, UTC.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and `skip_bad` is None.
    """
    now = observed_at.astimezone(UTC).replace(tzinfo=None)
    met = dict(zones)

    def read(cells: Cells) -> tuple[Any, ...]:
        page, zone = read_id(cells, "page_name"), _zone(cells)
        if met.setdefault(page, zone) != zone:
            raise BadCell("page_timezone", f"page {page} is in {met[page]}, not {zone}; a page keeps its time zone")
        caption = read_id(cells, "caption_id")
        if caption not in bank:
            raise BadCell("caption_id", f"{caption!r} is not in the bank; first: adtempo import captions FILE")
        return (
            page,
            zone,
            read_moment(cells, "sent_at", zone),
            _one_of(cells, "message_type", MessageType),
            caption,
            read_amount(cells, "price"),
            *(_count(cells, name) for name in ("recipients", "views", "purchases")),
            read_amount(cells, "revenue"),
            read_moment(cells, "observed_at", zone) if cells.get("observed_at") else now,
        )

    numbers = ("price", "recipients", "views", "purchases", "revenue")
    kind = RecordKind(
        title="messages",
        needed=("page_name", "page_timezone", "sent_at", "message_type", "caption_id", *numbers),
        optional=("observed_at",),
        schema=MESSAGE_SCHEMA,
        key=lambda row: (row[0], row[2], row[4], row[-1]),
        read=read,
    )
    return read_records(path, kind, skip_bad, progress)


def read_captions_file(path: Path, *, skip_bad: Path | None, progress: Progress) -> StagedRecords:
    """Read a file of the caption bank.

    Args:
        path: A CSV file.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and `skip_bad` is None.
    """
    kind = RecordKind(
        title="captions",
        needed=("caption_id", "caption_text", "price_tier", "content_category", "has_urgency"),
        optional=("page_name",),
        schema=CAPTION_SCHEMA,
        key=lambda row: row[:1],
        read=_caption,
    )
    return read_records(path, kind, skip_bad, progress)


def _caption(cells: Cells) -> tuple[Any, ...]:
    text = present(cells, "caption_text")
    if "\x00" in text:
        raise BadCell("caption_text", "holds a NUL character; remove it")
    return (
        read_id(cells, "caption_id"),
        text,
        _one_of(cells, "price_tier", PriceTier),
        cells["content_category"],
        _truth(cells, "has_urgency"),
        read_id(cells, "page_name") if cells.get("page_name") else None,
    )


def _zone(cells: Cells) -> str:
    text = present(cells, "page_timezone")
    try:
        return find_zone(text).key
    except InvalidInput as error:
        raise BadCell("page_timezone", error.message) from error


def _one_of(cells: Cells, column: str, allowed: type[MessageType | PriceTier]) -> str:
    text = present(cells, column)
    found = next((one.value for one in allowed if one.lower() == text.lower()), None)
    if found is None:
        raise BadCell(column, f"{text[:40]!r} is none of {', '.join(allowed)}")
    return found


def _count(cells: Cells, column: str) -> int:
    text = present(cells, column)
    if not (text.isascii() and text.isdigit() and len(text) <= COUNT_DIGITS):
        raise BadCell(column, f"{text[:40]!r} is not a count of 0 or more, such as 1234")
    return int(text)


def _truth(cells: Cells, column: str) -> bool:
    text = present(cells, column)
    if text.lower() not in _TRUTHS:
        raise BadCell(column, f"{text[:40]!r} is neither true nor false")
    return _TRUTHS[text.lower()]
