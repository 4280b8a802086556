"""From a finished document to a picture that needs no browser."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from threading import Lock

import vl_convert

from adtempo.charts.grammar import Document

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
"""Where a system keeps letters that the font of pictures lacks."""

_READING_FONTS = Lock()


def picture_png(document: Document) -> bytes:
    """Return a chart as a PNG at twice its nominal size, sharp on dense screens."""
    return vl_convert.svg_to_png(picture_svg(document), scale=2.0)


def picture_svg(document: Document) -> str:
    """Return a chart as an SVG."""
    with _READING_FONTS:
        read_fonts()
    return vl_convert.vegalite_to_svg(document)


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
