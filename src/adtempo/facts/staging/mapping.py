"""Mapping files: how a user tells us what the columns of any file mean."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.facts.formats.base import CELLS, MEASURES, NAMED_CONVERSIONS, NAMED_VALUES, Format

MAPPED = Format(
    name="mapping",
    title="file with a mapping",
    columns={},
    needs=(("slot_start",), ("campaign_id", "campaign_name"), (*MEASURES, "reach")),
    advice="name its columns in the mapping file",
)
CONSTANTS = MappingProxyType(
    {
        "platform": "platform",
        "account_id": "account_id",
        "timezone": "account_timezone",
        "currency": "currency",
        "grain": "grain",
        "attribution": "attribution",
        "niche": "niche",
    }
)
"""Keys of a mapping file that hold for every row, and the cells they fill."""

SETTINGS = ("date_format", "decimal", "missing")
"""Keys of a mapping file that say how cells are written."""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What a mapping file says.

    Attributes:
        columns: Cell to the column's name.
        constants: Cell to its text in every row.
        date_format: How dates are written, as in Python's strptime.
        decimal: ``.`` or ``,``; None tells from the numbers.
        missing: Texts that mean "no value".
    """

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    date_format: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()

    def over(self, base: Format) -> Format:
        """Return a format that reads the mapped columns instead of its own."""
        return replace(
            base,
            columns={**base.columns, **{cell: (name.strip().lower(),) for cell, name in self.columns.items()}},
            by_option={cell: names for cell, names in base.by_option.items() if cell not in self.columns},
            derived={cell: sql for cell, sql in base.derived.items() if cell not in self.columns},
            missing=(*base.missing, *self.missing),
            plain=False,
        )


NO_MAPPING = FileMapping(MappingProxyType({}), MappingProxyType({}))


def read_mapping(path: Path) -> FileMapping:
    """Read a mapping file: TOML, `[columns]` with ``cell = "Their column"``, constants and settings before it.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is not TOML, or has a key or value that means nothing.
    """
    if not path.is_file():
        raise NotFound(f"{path}: there is no such mapping file")
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path.name}: not valid TOML ({error})") from error
    columns = content.pop("columns", {})
    if not isinstance(columns, dict):
        raise InvalidInput(f'{path.name}: [columns] must be a table of lines such as spend = "Cost"')
    for cell, name in columns.items():
        if not cell.startswith((NAMED_CONVERSIONS, NAMED_VALUES)):
            _check_known(path, f"columns.{cell}", cell, CELLS)
        _check_text(path, f"columns.{cell}", name)
    for key, value in content.items():
        _check_known(path, key, key, (*CONSTANTS, *SETTINGS))
        if key != "missing":
            _check_text(path, key, value)
    missing = content.pop("missing", [])
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        raise InvalidInput(f'{path.name}: missing must be a list of texts such as ["-", "n/a"]')
    decimal = content.pop("decimal", None)
    if decimal not in {None, ".", ","}:
        raise InvalidInput(f'{path.name}: decimal must be "." or ","')
    date_format = content.pop("date_format", None)
    constants = {CONSTANTS[key]: value for key, value in content.items()}
    return FileMapping(columns, constants, date_format, decimal, tuple(missing))


def _check_known(path: Path, place: str, key: str, known: Collection[str]) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise InvalidInput(f"{path.name}: {place} means nothing here; {hint}")


def _check_text(path: Path, place: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f'{path.name}: {place} must be a text in quotes, such as "Cost"')
