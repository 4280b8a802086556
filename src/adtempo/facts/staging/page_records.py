"""Files about creators' pages: what they sent, and the bank of captions. Texts are kept exactly as they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import find_zone
from adtempo.domain.messages import MessageType, PriceTier
from adtempo.facts.staging.records import (
    BadCell,
    Cells,
    RecordFile,
    RecordKind,
    StagedRecords,
    present,
    read_amount,
    read_id,
    read_moment,
    read_observed,
    read_records,
)

COUNT_DIGITS = 15

_TRUTHS = {**dict.fromkeys(("true", "1", "yes"), True), **dict.fromkeys(("false", "0", "no"), False)}


def read_messages_file(file: RecordFile, *, zones: Mapping[str, str], bank: Collection[str]) -> StagedRecords:
    """Read a file of sent messages; errors are those of `read_records`.

    Args:
        file: Which file.
        zones: Time zone of each known page: a page keeps its own.
        bank: Ids of all known captions.
    """
    met = dict(zones)

    def read(cells: Cells) -> dict[str, Any]:
        page, zone = read_id(cells, "page_name"), _zone(cells)
        if met.setdefault(page, zone) != zone:
            raise BadCell("page_timezone", f"page {page} is in {met[page]}, not {zone}; a page keeps its time zone")
        caption = read_id(cells, "caption_id")
        if caption not in bank:
            raise BadCell("caption_id", f"{caption!r} is not in the bank; first: adtempo import captions FILE")
        return {
            "page_name": page,
            "page_timezone": zone,
            "sent_at": read_moment(cells, "sent_at", zone),
            "message_type": _one_of(cells, "message_type", MessageType),
            "caption_id": caption,
            "price_micros": read_amount(cells, "price"),
            **{name: _count(cells, name) for name in ("recipients", "views", "purchases")},
            "revenue_micros": read_amount(cells, "revenue"),
            "observed_at": read_observed(cells, file, zone),
        }

    numbers = ("price", "recipients", "views", "purchases", "revenue")
    kind = RecordKind(
        title="messages",
        needed=("page_name", "page_timezone", "sent_at", "message_type", "caption_id", *numbers),
        optional=("observed_at",),
        key=("page_name", "sent_at", "caption_id", "observed_at"),
        read=read,
    )
    return read_records(file, kind)


def read_captions_file(file: RecordFile) -> StagedRecords:
    """Read a file of the caption bank; errors are those of `read_records`."""
    kind = RecordKind(
        title="captions",
        needed=("caption_id", "caption_text", "price_tier", "content_category", "has_urgency"),
        optional=("page_name",),
        key=("caption_id",),
        read=lambda cells: {**_caption(cells), "observed_at": file.observed_at},
    )
    return read_records(file, kind)


def _caption(cells: Cells) -> dict[str, Any]:
    text = present(cells, "caption_text")
    if "\x00" in text:
        raise BadCell("caption_text", "holds a NUL character; remove it")
    return {
        "caption_id": read_id(cells, "caption_id"),
        "caption_text": text,
        "price_tier": _one_of(cells, "price_tier", PriceTier),
        "content_category": cells["content_category"],
        "has_urgency": _truth(cells, "has_urgency"),
        "page_name": read_id(cells, "page_name") if cells.get("page_name") else None,
    }


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
