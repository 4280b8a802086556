"""What makes a row bad, each rule as SQL over `placed`, and the lines of the rows that break one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adtempo.domain.accounts import Account, AccountRef, Grain, Platform
from adtempo.domain.errors import InvalidInput, Problem
from adtempo.facts.formats.base import BUDGET_CELLS, NAME_CELLS, TEXT_CELLS, TIME_CELLS
from adtempo.facts.ledger import varying
from adtempo.facts.staging.numbers import complaint, shown
from adtempo.facts.staging.plan import sql_text
from adtempo.facts.staging.stage import FACT_KEY, Stage, quoted, text_of

SHOWN_PROBLEMS = 20
ID_LENGTH = 256
TEXT_LENGTH = 1000

_CONTROL = r"[\x00-\x1f\x7f]"
_MANGLED = r"^[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+$"
_BLANKS = r"^\s|\s$"
_QUARTER = "(epoch_us({}) // 900_000_000)"
_BITS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Rule:
    """A reason to refuse a row.

    Attributes:
        cell: The cell that is wrong; empty when the row is.
        broken_when: SQL that is true for a bad row.
        message: SQL of the words.
        table: The relation of distinct texts that holds what it looks at.
    """

    cell: str
    broken_when: str
    message: str
    table: str = "told"


def _id_rules(cell: str) -> Iterator[_Rule]:
    real = f"NOT starts_with({cell}, 'name:')"
    yield _Rule(cell, f"regexp_matches({cell}, '{_CONTROL}')", f"{shown(cell)} || ' holds a control character'")
    yield _Rule(cell, f"length({cell}) > {ID_LENGTH}", sql_text(f"is longer than {ID_LENGTH} characters"))
    yield _Rule(
        cell, f"{real} AND regexp_matches({cell}, '{_BLANKS}')", f"{shown(cell)} || ' begins or ends with a blank'"
    )
    yield _Rule(
        cell,
        f"{real} AND regexp_matches({cell}, '{_MANGLED}')",
        f"{shown(cell)} || ' was an id until a spreadsheet rounded it; export again and do not open the file there'",
    )


def _rules(stage: Stage) -> Iterator[_Rule]:
    for cell in ("platform", "account_id", "account_timezone", "currency", "campaign_id", "grain"):
        yield _Rule(cell, f"{cell} IS NULL", "'is missing'")
    yield _Rule("slot_start", "coalesce(slot_start, '') = ''", "'is missing'", "slot_times")
    yield _Rule(
        "platform",
        f"platform NOT IN ({', '.join(map(sql_text, Platform))})",
        f"{shown('platform')} || ' is none of {', '.join(Platform)}'",
    )
    yield _Rule(
        "account_timezone",
        "account_timezone <> '' AND first_slot IS NULL AND slot_fault IS NULL",
        f"{shown('account_timezone')} || ' is not an IANA time zone; write one such as Europe/Berlin'",
        "slot_times",
    )
    yield _Rule(
        "currency",
        "NOT regexp_full_match(currency, '[A-Z]{3}')",
        f"{shown('currency')} || ' is not an ISO 4217 code such as USD'",
    )
    yield _Rule(
        "grain", f"grain NOT IN ({', '.join(map(sql_text, Grain))})", f"{shown('grain')} || ' is not hour or day'"
    )
    for cell in ("account_id", "campaign_id", "ad_group_id", "ad_id", "creative_id"):
        if stage.has(cell):
            yield from _id_rules(cell)
    for cell in ("attribution", "niche", "status", "campaign_status", *NAME_CELLS):
        if stage.has(cell):
            yield _Rule(cell, f"length({cell}) > {TEXT_LENGTH}", sql_text(f"is longer than {TEXT_LENGTH} characters"))
            yield _Rule(cell, f"contains({cell}, chr(0))", "'holds a NUL character'")
    known = ", ".join(map(sql_text, Grain))
    readable = f"slot_start <> '' AND grain IN ({known})"
    yield _Rule("slot_start", f"{readable} AND slot_fault IS NOT NULL", "slot_fault", "slot_times")
    if stage.has("observed_at"):
        yield _Rule("observed_at", "observed_fault IS NOT NULL", "observed_fault", "observed_times")


def _numbered_rules(stage: Stage) -> Iterator[_Rule]:
    """Yield the rules behind the column `wrong`, which need the texts of numbers."""
    for cell in stage.numbers:
        text = text_of(cell)
        yield _Rule(cell, f"{text} IS NOT NULL AND {quoted(cell)} IS NULL", complaint(cell, text))
    for place, (column, _, message) in enumerate(stage.plan.checks):
        yield _Rule(column, f"check_{place}", sql_text(message))


def has_bad_rows(stage: Stage) -> bool:
    """Tell whether any row breaks a rule, looking once at each distinct text instead of at every row."""
    if stage.value("SELECT (SELECT count(*) FROM staged) <> (SELECT coalesce(sum(rows), 0) FROM told)"):
        return True  # a row without a text that its times need has found none
    broken: dict[str, list[str]] = {"staged": ["wrong"]}
    for rule in _rules(stage):
        broken.setdefault(rule.table, []).append(f"({rule.broken_when})")
    return any(
        stage.value(f"SELECT count(*) > 0 FROM {table} WHERE {' OR '.join(rules)}") for table, rules in broken.items()
    )


def list_bad_rows(stage: Stage) -> None:
    """Make the table `bad` (line, cell, message) of every rule that a row of a numbered stage breaks."""
    rules = [*_rules(stage), *_numbered_rules(stage)]
    findings = ", ".join(
        f"CASE WHEN fault IS NULL AND ({rule.broken_when}) "
        f"THEN {{'cell': {sql_text(rule.cell)}, 'message': {rule.message}}} END"
        for rule in rules
    )
    stage.con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE bad AS
        SELECT line, finding.cell AS cell, finding.message AS message
        FROM (SELECT line, unnest([{findings},
            CASE WHEN fault IS NOT NULL THEN {{'cell': '', 'message': fault}} END]) AS finding FROM placed)
        WHERE finding IS NOT NULL
        """
    )


def key_rows(stage: Stage) -> None:
    """Make `keyed`: the good rows, each in its slot, a second equal local hour in the second one of the clock.

    What they say beside it holds from `effective_at`.
    """
    con = stage.con
    effective = "CASE grain WHEN 'hour' THEN slot ELSE starts_at END AS effective_at"
    good = "placed ANTI JOIN bad ON placed.line = bad.line" if stage.numbered else "placed"
    local_key = ", ".join("first_slot" if name == "slot" else name for name in FACT_KEY)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE second_rows AS
        SELECT ordinal AS second_ordinal FROM (
            SELECT ordinal, row_number() OVER (PARTITION BY {local_key} ORDER BY ordinal) AS place
            FROM {good} WHERE second IS NOT NULL)
        WHERE place = 2
        """
    )
    if not stage.value("SELECT count(*) FROM second_rows"):
        con.execute(f"CREATE OR REPLACE TEMP VIEW keyed AS SELECT *, first_slot AS slot, {effective} FROM {good}")
        return
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW keyed AS
        SELECT *, CASE WHEN second_ordinal IS NULL THEN first_slot ELSE second END AS slot, {effective}
        FROM (SELECT * FROM {good}) LEFT JOIN second_rows ON ordinal = second_ordinal
        """
    )


def tell_rows(stage: Stage) -> None:
    """Make `told`: what the rows of `keyed` say beside times and measures, each once, since when and how often."""
    kept = ", ".join(cell for cell in (*TEXT_CELLS, *BUDGET_CELLS) if cell not in TIME_CELLS and stage.knows(cell))
    stage.con.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT {kept}, level, entity_id, count(*) AS rows, "
        f"min(effective_at) AS effective_at, arg_min(observed_at, effective_at) AS observed_at FROM keyed GROUP BY ALL"
    )


def may_repeat(stage: Stage) -> bool:
    """Tell whether two rows of `keyed` may have the same key, by what of it varies; false is certain.

    A bit for every quarter of an hour of each series costs a sixth of comparing hashes, where they are not too many.
    """
    con = stage.con
    key = varying(con, "told", [name for name in FACT_KEY if name not in {"slot", "observed_at"}])
    series = stage.value(f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(key)} FROM told)") if key else 1
    if stage.has("observed_at"):
        vintages = stage.value("SELECT count(*) FROM observed_times")
        series, key = series * vintages, [*key, "observed_at"] if vintages > 1 else key
    ((first, last),) = con.execute(
        f"SELECT coalesce(min({_QUARTER.format('first_slot')}), 0), "
        f"coalesce(max({_QUARTER.format('coalesce(second, first_slot)')}), 0) FROM slot_times"
    ).fetchall()
    if series * (last - first + 1) > _BITS:
        return bool(stage.value(f"SELECT count(*) <> count(DISTINCT hash({', '.join([*key, 'slot'])})) FROM keyed"))
    bits = f"bitstring_agg({_QUARTER.format('slot')}, {first}, {last})"
    grouped = f"GROUP BY {', '.join(key)}" if key else ""
    repeated = f"FROM keyed {grouped} HAVING count(*) <> bit_count({bits})"
    return bool(stage.value(f"SELECT count(*) > 0 FROM (SELECT 1 {repeated})"))


def list_repeated_rows(stage: Stage) -> None:
    """Add every second row of a key to `bad`."""
    key = ", ".join(FACT_KEY)
    stage.con.execute(
        f"""
        INSERT INTO bad
        SELECT line, '', 'says the same entity, slot and observed_at as line ' || first_line || '; remove one'
        FROM (SELECT line, first_value(line) OVER same AS first_line, row_number() OVER same AS place
            FROM keyed WINDOW same AS (PARTITION BY {key} ORDER BY line))
        WHERE place > 1
        """
    )


def problems(stage: Stage, file: str) -> tuple[list[Problem], int]:
    """Return the first problems of `bad`, in the order of lines, and how many there are."""
    rows = stage.con.execute(
        f"SELECT line, cell, message FROM bad ORDER BY line, cell, message LIMIT {SHOWN_PROBLEMS}"
    ).fetchall()
    found = [Problem(file, line, stage.plan.sources.get(cell, cell), message) for line, cell, message in rows]
    return found, int(stage.value("SELECT count(*) FROM bad"))


def reasons(stage: Stage) -> Iterator[tuple[int, str]]:
    """Yield each bad line with all that is wrong with it, in the order of lines."""
    found = stage.con.execute("SELECT line, cell, message FROM bad ORDER BY line, cell, message")
    line, words = 0, list[str]()
    while batch := found.fetchmany(10_000):
        for at, cell, message in batch:
            if at != line and words:
                yield line, "; ".join(words)
                words = []
            line = at
            column = stage.plan.sources.get(cell, cell)
            words.append(f"{column}: {message}" if column else message)
    if words:
        yield line, "; ".join(words)


def load_accounts(stage: Stage, file: str) -> tuple[Account, ...]:
    """Return the accounts of `told`.

    Raises:
        InvalidInput: One account has two time zones or currencies.
    """
    rows = stage.con.execute(
        "SELECT DISTINCT platform, account_id, account_timezone, currency FROM told ORDER BY ALL"
    ).fetchall()
    accounts: dict[AccountRef, Account] = {}
    for platform, account_id, timezone, currency in rows:
        account = Account(AccountRef(platform, account_id), timezone, currency)
        known = accounts.setdefault(account.ref, account)
        if known != account:
            raise InvalidInput(
                f"{file}: account {account.ref} has {known.timezone} {known.currency} in some rows and "
                f"{timezone} {currency} in others; an account has one time zone and one currency"
            )
    return tuple(accounts.values())
