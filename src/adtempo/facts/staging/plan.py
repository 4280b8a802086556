"""Which SQL makes each canonical cell of one file: the format's names, the options and the mapping brought together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import available_timezones

from adtempo.domain.accounts import NAME_PREFIX, Grain, Platform
from adtempo.domain.errors import InvalidInput
from adtempo.facts.formats import FORMATS
from adtempo.facts.formats.base import (
    AMOUNT_CELLS,
    BUDGET_CELLS,
    CELLS,
    ENTITY_CELLS,
    NAME_CELLS,
    NAMED_CONVERSIONS,
    NAMED_VALUES,
    Format,
    ImportOptions,
)
from adtempo.facts.staging.mapping import MAPPED, NO_MAPPING, FileMapping, read_mapping
from adtempo.facts.staging.source import Sheet, open_sheet

DEFAULT_ACCOUNT = f"{NAME_PREFIX}default"
_MONEY_HEADER = re.compile(r"(.*\S) ?\(([A-Z]{3})\)")
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read one file.

    Attributes:
        sheet: The file.
        format: Its format, with what the mapping adds.
        mapping: The mapping file.
        cells: Canonical cell to the SQL of its text; null where a row says nothing.
        constants: Cell to its text where a row says nothing.
        sources: Cell to the name of its column in the file, for messages.
        types: Named conversion types.
        totals: SQL that is true for a totals row.
        checks: (cell, SQL that is true for a bad row, message).
        left_out: Rows already left out.
        notes: How the file was understood.
    """

    sheet: Sheet
    format: Format
    mapping: FileMapping
    cells: Mapping[str, str]
    constants: Mapping[str, str]
    sources: Mapping[str, str]
    types: tuple[str, ...]
    totals: str
    checks: tuple[tuple[str, str, str], ...]
    left_out: int
    notes: tuple[str, ...]


def sql_text(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def make_plan(path: Path, options: ImportOptions) -> Plan:
    """Recognise a file and say how each cell of it is read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The file is of no known format, a column is missing or ambiguous, or an option is missing.
    """
    mapping = read_mapping(options.mapping) if options.mapping else NO_MAPPING
    given = _given(options, mapping)
    candidates = [mapping.over(base) if options.mapping else base for base in _candidates(options)]

    def rank(header: tuple[str, ...]) -> int:
        return max(_rank(candidate, header, given, mapping) for candidate in candidates)

    def complain(header: tuple[str, ...]) -> InvalidInput:
        return _unrecognised(path, header, candidates, given)

    sheet = open_sheet(path, rank, complain)
    best = rank(sheet.header)
    fitting = [candidate for candidate in candidates if _rank(candidate, sheet.header, given, mapping) == best]
    if len(fitting) > 1:
        names = " or ".join(f"--format {candidate.name}" for candidate in fitting)
        raise InvalidInput(f"{path.name}: its columns fit several formats; say {names}")
    return _Columns(sheet, fitting[0], mapping, options, given).plan()


def _candidates(options: ImportOptions) -> list[Format]:
    if options.format is None:
        return [MAPPED] if options.mapping else list(FORMATS)
    named = [candidate for candidate in FORMATS if candidate.name == options.format]
    if not named:
        raise InvalidInput(f"--format {options.format}: known are {', '.join(known.name for known in FORMATS)}")
    return named


def _given(options: ImportOptions, mapping: FileMapping) -> dict[str, str]:
    """Return the cells that options and mapping fill where a file says nothing."""
    if options.timezone is not None and options.timezone not in available_timezones():
        raise InvalidInput(f"--timezone {options.timezone}: not an IANA time zone; write one such as Europe/Berlin")
    if options.currency is not None and not re.fullmatch("[A-Z]{3}", options.currency):
        raise InvalidInput(f"--currency {options.currency}: write an ISO 4217 code such as USD")
    if options.platform is not None and options.platform not in list(Platform):
        raise InvalidInput(f"--platform {options.platform}: known are {', '.join(Platform)}")
    said = {
        "platform": options.platform,
        "account_id": options.account_id,
        "account_timezone": options.timezone,
        "currency": options.currency,
    }
    return {**mapping.constants, **{cell: text for cell, text in said.items() if text is not None}}


def _names(header: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name in lower case, currency or nothing) of each column."""
    found = [(_MONEY_HEADER.fullmatch(name), name) for name in header]
    return [(match[1].lower(), match[2]) if match else (name.lower(), "") for match, name in found]


def _found(candidate: Format, header: Sequence[str]) -> set[str]:
    names = {name for name, _ in _names(header)}
    columns = [*candidate.columns.items(), *candidate.by_option.items()]
    return {cell for cell, wanted in columns if names.intersection(wanted)}


def _rank(candidate: Format, header: Sequence[str], given: Collection[str], mapping: FileMapping) -> int:
    """Return how many columns of a header a format knows; 0 when the header lacks something it needs."""
    names = {name for name, _ in _names(header)}
    if any(column.strip().lower() not in names for column in mapping.columns.values()):
        return 0
    if _lacking(candidate, header, given):
        return 0
    return len(names.intersection(*[{name for wanted in candidate.columns.values() for name in wanted}]))


def _lacking(candidate: Format, header: Sequence[str], given: Collection[str]) -> list[tuple[str, ...]]:
    found = _found(candidate, header).union(given)
    return [group for group in candidate.needs if not found.intersection(group)]


def _unrecognised(
    path: Path, header: tuple[str, ...], candidates: Sequence[Format], given: Collection[str]
) -> InvalidInput:
    """Say what the nearest format lacks."""
    nearest = max(candidates, key=lambda candidate: len(_found(candidate, header)))
    lacking = "; ".join(
        " or ".join(f'"{name}"' for cell in group for name in nearest.columns.get(cell, (cell,)))
        for group in _lacking(nearest, header, given)
    )
    if not _found(nearest, header) or not lacking:
        near = "Say which format it is with --format, or"
    else:
        near = (
            f"As a {nearest.title} it lacks {lacking}" + (f" ({nearest.advice})." if nearest.advice else ".") + " Else"
        )
    shown = ", ".join(header[:30])
    return InvalidInput(
        f"{path.name}: not recognised; its columns are: {shown}. {near} write a mapping file "
        "(--mapping M.toml, see docs/reference/file-formats.md)"
    )


@dataclass(slots=True)
class _Columns:
    """The work of bringing one file's columns, its format and the options together."""

    sheet: Sheet
    format: Format
    mapping: FileMapping
    options: ImportOptions
    given: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)  # name in the format -> SQL
    sources: dict[str, str] = field(default_factory=dict)  # name in the format -> column in the file
    positions: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    currency: str = ""

    def plan(self) -> Plan:
        for option in self.format.requires:
            if getattr(self.options, option) is None:
                raise self._refused(f"a {self.format.title} file does not say its {option}; add --{option}")
        wanted = {**self.format.columns, **{name: (name.lower(),) for name in self._typed()}}
        for cell in {**wanted, **self.format.by_option}:
            position = self._choose(cell, wanted.get(cell, ()))
            if position is not None:
                self._take(cell, position)
        self._derive()
        self._ids_from_names()
        constants = self._constants()
        leading = self._has_leading_total()
        return Plan(
            sheet=replace(self.sheet, body=self.sheet.after_first) if leading else self.sheet,
            format=self.format,
            mapping=self.mapping,
            cells={cell: sql for cell, sql in self.texts.items() if cell in CELLS or ":" in cell},
            constants=constants,
            sources=self.sources,
            types=tuple(dict.fromkeys(name.partition(":")[2] for name in self.texts if ":" in name)),
            totals=self._totals(),
            checks=tuple((check.column, self._fill(check.broken_when), check.message) for check in self.format.checks),
            left_out=int(leading),
            notes=(*self.notes, *self._unused()),
        )

    def _refused(self, message: str) -> InvalidInput:
        return InvalidInput(f"{self.sheet.path.name}: {message}")

    def _typed(self) -> list[str]:
        prefixes = (NAMED_CONVERSIONS, NAMED_VALUES)
        if not self.format.plain:
            return []
        named = [name for name in self.sheet.header if name.lower().startswith(prefixes)]
        return [name.partition(":")[0].lower() + ":" + name.partition(":")[2].strip() for name in named]

    def _choose(self, cell: str, names: Sequence[str]) -> int | None:
        """Return the position of the column that a cell is read from."""
        header = [name for name, _ in _names(self.sheet.header)]
        option = {"clicks": self.options.clicks, "conversions": self.options.conversions, "value": None}.get(cell)
        if cell == "conversion_value":
            option = self.options.value
        optional = self.format.by_option.get(cell, ())
        present = [name for name in names if name in header]
        if option is not None:
            if option.strip().lower() == "none":
                return None
            chosen = option.strip().lower()
            exact = [place for place, name in enumerate(self.sheet.header) if name.lower() == chosen]
            if not exact and chosen not in header:
                candidates = ", ".join(f'"{name}"' for name in (*names, *optional) if name in header)
                raise self._refused(f"there is no column {option!r} for {cell}; could be: {candidates or 'none'}")
            return exact[0] if exact else header.index(chosen)
        if not present:
            ambiguous = [self.sheet.header[header.index(name)] for name in optional if name in header]
            if ambiguous:
                flag = "--value" if cell == "conversion_value" else f"--{cell}"
                either = " or ".join(f'{flag} "{name}"' for name in ambiguous)
                raise self._refused(f"{cell} may or may not be what these columns count; say {either}, or {flag} none")
            return None
        if Counter(header)[present[0]] > 1:
            raise self._refused(f'the column "{present[0]}" stands there twice; remove one')
        others = [self.sheet.header[header.index(name)] for name in present[1:]]
        if others and cell in {"clicks", "conversions", "conversion_value", "spend"}:
            used = self.sheet.header[header.index(present[0])]
            self.notes.append(f'{cell}: "{used}" was read, not {", ".join(repr(name) for name in others)}')
        return header.index(present[0])

    def _take(self, cell: str, position: int) -> None:
        column = self.sheet.column(position)
        if self.format.plain:
            self.texts[cell] = column
        else:
            missing = ", ".join(sql_text(text) for text in ("", *self.format.missing))
            self.texts[cell] = f"CASE WHEN trim({column}) NOT IN ({missing}) THEN {column} END"
        self.sources[cell] = self.sheet.header[position]
        self.positions[cell] = position
        code = _names(self.sheet.header)[position][1]
        if cell in (*AMOUNT_CELLS, *BUDGET_CELLS) and code:
            if self.currency not in {"", code}:
                raise self._refused(f"its amounts are in {self.currency} and in {code}; export one currency at a time")
            self.currency = code

    def _fill(self, template: str) -> str:
        """Put the SQL of columns, or null for those the file has not, into a template."""
        parts = {name: f"({self.texts[name]})" if name in self.texts else "NULL" for name in _NAME.findall(template)}
        return template.format_map({**parts, "year": self.options.year})

    def _derive(self) -> None:
        for cell, template in self.format.derived.items():
            if set(_NAME.findall(template)) - {"year"} <= self.texts.keys():
                self.texts[cell] = self._fill(template)
                self.sources[cell] = " + ".join(
                    self.sources[name] for name in _NAME.findall(template) if name != "year"
                )

    def _ids_from_names(self) -> None:
        """Make ids of names where a file has none; a name counts only inside what stands above it."""
        if self.format.plain:
            return
        path: list[str] = []
        made: list[str] = []
        for cell, name in zip(ENTITY_CELLS, NAME_CELLS, strict=True):
            own = self.texts.get(name, self.texts.get(cell))
            if cell not in self.texts and name in self.texts:
                joined = " || '|' || ".join([*(f"coalesce({part}, '')" for part in path), f"({own})"])
                self.texts[cell] = f"{sql_text(NAME_PREFIX)} || {joined}"
                self.sources[cell] = self.sources[name]
                made.append(f'"{self.sources[name]}"')
            if own is not None:
                path.append(own)
        if made:
            self.notes.append(f"the file has no ids of its own for {', '.join(made)}; the names serve as ids")

    def _constants(self) -> dict[str, str]:
        constants = dict(self.given)
        if self.format.platform:
            constants["platform"] = self.format.platform
        elif "platform" not in self.texts:
            constants.setdefault("platform", Platform.OTHER.value)
        if "grain" not in self.texts and "grain" not in constants:
            constants["grain"] = (Grain.HOUR if "hour" in self.texts else Grain.DAY).value
        if self.currency and "currency" not in self.texts:
            constants["currency"] = self.currency
        if "account_id" not in self.texts and "account_name" in self.texts:
            self.texts["account_id"] = f"{sql_text(NAME_PREFIX)} || ({self.texts['account_name']})"
            self.sources["account_id"] = self.sources["account_name"]
        if "account_id" not in self.texts and "account_id" not in constants:
            constants["account_id"] = DEFAULT_ACCOUNT
            self.notes.append(
                f'the file names no account; its rows belong to "{DEFAULT_ACCOUNT}" (--account-id sets it)'
            )
        for cell, flag, example in (
            ("account_timezone", "--timezone", "Europe/Berlin"),
            ("currency", "--currency", "USD"),
        ):
            if cell not in self.texts and cell not in constants:
                raise self._refused(
                    f"the file does not say the account's {flag[2:]}; add {flag}, such as {flag} {example}"
                )
        return constants

    def _has_leading_total(self) -> bool:
        cells = [cell for cell in (*ENTITY_CELLS, *NAME_CELLS) if cell in self.positions]
        first = self.sheet.first
        width = len(self.sheet.header)
        return (
            self.format.leading_total
            and len(first) == width
            and not any(first[self.positions[cell]].strip() for cell in cells)
        )

    def _totals(self) -> str:
        if not self.format.totals:
            return "false"
        pattern = sql_text(self.format.totals)
        places = {0} | {
            self.positions[cell] for cell in ("slot_start", *ENTITY_CELLS, *NAME_CELLS) if cell in self.positions
        }
        says = " OR ".join(
            f"regexp_full_match(trim({self.sheet.column(place)}), {pattern})" for place in sorted(places)
        )
        day = self.texts["slot_start"]
        return f"coalesce(({says}) AND (({day}) IS NULL OR regexp_full_match(trim({day}), {pattern})), false)"

    def _unused(self) -> list[str]:
        if not self.format.plain:
            return []
        used = set(self.sources.values())
        unused = [name for name in self.sheet.header if name not in used]
        return [f"columns not read: {', '.join(unused)}"] if unused else []
