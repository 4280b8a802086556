"""From a finished document to a picture that needs no browser."""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import vl_convert

from adtempo.charts.grammar import Document

OWN_FONT = "Liberation Sans"
"""The font that the converter brings along; those of other names are sought first, for every text that is measured."""

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
"""Where a system keeps letters that the font of pictures lacks."""

_READING_FONTS = Lock()


def picture_png(document: Document) -> bytes:
    """Return a chart as a PNG at twice its nominal size, sharp on dense screens."""
    # Pixels tell a screen reader nothing, and working out what to tell it takes a quarter of the time.
    config = document["config"] | {"aria": False, "font": OWN_FONT}
    return vl_convert.svg_to_png(picture_svg(_without("tooltip", document) | {"config": config}), scale=2.0)


def picture_svg(document: Document) -> str:
    """Return a chart as an SVG."""
    with _READING_FONTS:
        read_fonts()
    return vl_convert.vega_to_svg(_vega(document))


def _without(channel: str, part: Any) -> Any:
    match part:
        case {"layer": layers}:
            return part | {"layer": [_without(channel, layer) for layer in layers]}
        case {"encoding": channels}:
            return part | {"encoding": {name: said for name, said in channels.items() if name != channel}}
    return part


def _vega(document: Document) -> Document:
    """Compile a document, once for all that differ only in their rows and in the ends of their scales."""
    tables: list[Any] = []
    scales: list[Any] = []
    compiled = _compile(json.dumps(_frame(document, "", tables, scales)))
    filled = {f"rows{place}": {"values": table} for place, table in enumerate(tables)}
    ends = [{"name": f"ends{place}", "value": scale} for place, scale in enumerate(scales)]
    return compiled | {
        "data": [data | filled.get(data["name"], {}) for data in compiled["data"]],
        "signals": [*compiled.get("signals", ()), *ends],
    }


@lru_cache(maxsize=128)
def _compile(frame: str) -> Document:
    return vl_convert.vegalite_to_vega(frame)


def _frame(part: Any, name: str, tables: list[Any], scales: list[Any]) -> Any:
    """Return a part of a document with names in place of its rows and the ends of its scales, which are collected."""
    match name, part:
        case "data", {"values": table}:
            return {"name": f"rows{_place(table, tables)}"}
        case "domain", [int() | float(), *_]:
            place = _place(part, scales)
            return [{"expr": f"ends{place}[{end}]"} for end in range(len(part))]
        case _, dict():
            return {key: _frame(inner, key, tables, scales) for key, inner in part.items()}
        case _, list():
            return [_frame(inner, "", tables, scales) for inner in part]
    return part


def _place(one: Any, known: list[Any]) -> int:
    if one not in known:
        known.append(one)
    return known.index(one)


@cache
def read_fonts() -> None:
    """Let the converter find the font that it brings along, Liberation Sans, before the system's copy of it.

    Its own is in memory; the system's is opened anew for every letter that is measured or drawn, some 2,000 times a
    picture, which took half of the time. So it first reads a configuration without fonts, then adds the system's: for
    other alphabets. Who says which fonts there are, by FONTCONFIG_FILE, is obeyed. Outside Linux nobody reads it.
    """
    if "FONTCONFIG_FILE" not in os.environ:
        os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("no_fonts.conf"))
        try:
            vl_convert.svg_to_png('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
        finally:
            del os.environ["FONTCONFIG_FILE"]
        for folder in FONT_FOLDERS:
            vl_convert.register_font_directory(str(Path(folder).expanduser()))
