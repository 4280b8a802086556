"""Predictions as people and programs state them, one at a time or in a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from adtempo.domain.errors import InvalidInput
from adtempo.domain.predictions import ENDS

SCOPES = ("campaign", "account", "platform")
"""What a prediction can be about."""

_REQUIRED = ("prediction_id", "metric", "since", "value", "model")


@dataclass(frozen=True, slots=True)
class Claim:
    """A prediction as somebody states it, about one of a campaign, an account or a platform.

    Attributes:
        prediction_id: The author's own id for it.
        metric: Name of a metric.
        since: First local day, inclusive.
        until: Last local day, inclusive; a row that does not say it means one day.
        value: In people's units: amounts in major units, CTR and CVR in percent.
        model: Whose claim it is.
        campaign: Its id, or platform:account:campaign.
        account: Its id, or platform:account.
        platform: The channel.
        made_at: When it was made, aware; None for now.
        interval: Those of ENDS that are stated, in the units of `value`.
    """

    prediction_id: str
    metric: str
    since: date
    until: date
    value: str | float
    model: str
    campaign: str | None = None
    account: str | None = None
    platform: str | None = None
    made_at: datetime | None = None
    interval: Mapping[str, str | float] = field(default_factory=dict)


def read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each row of a file with its line (of a JSON file: its place), the header being line 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(
            f"{path} cannot be read: {getattr(problem, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    if text.lstrip().startswith(("[", "{")):
        try:
            rows = json.loads(text)
        except ValueError as problem:
            raise InvalidInput(f"{path} is not JSON: {problem}") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InvalidInput(f"{path} must hold a JSON list of objects, one per prediction")
        yield from enumerate(rows, start=1)
        return
    reader = csv.DictReader(text.splitlines())
    unknown = set(reader.fieldnames or ()) - {*_REQUIRED, *SCOPES, *ENDS, "until", "made_at"}
    if unknown:
        raise InvalidInput(f"{path} has columns that mean nothing here: {', '.join(sorted(unknown))}")
    for row in reader:
        yield reader.line_num, {name: text for name, text in row.items() if text}


def read_claim(fields: Mapping[str, Any]) -> Claim:
    """Return the claim that a row states.

    Raises:
        InvalidInput: A field is missing, or is not what it should be.
    """
    missing = [name for name in _REQUIRED if fields.get(name) in (None, "")]
    if missing:
        raise InvalidInput(f"{', '.join(missing)} is missing")
    try:
        made_at = datetime.fromisoformat(fields["made_at"]) if fields.get("made_at") else None
        since = date.fromisoformat(fields["since"])
        until = date.fromisoformat(fields.get("until") or fields["since"])
    except (TypeError, ValueError) as problem:
        raise InvalidInput(f"{problem}; write days as 2026-11-02 and moments as 2026-11-02T09:00+01:00") from None
    if made_at is not None and made_at.tzinfo is None:
        raise InvalidInput(f"made_at {fields['made_at']} has no time zone; write it as 2026-11-02T09:00+01:00")
    interval = {end: fields[end] for end in ENDS if fields.get(end) not in (None, "")}
    numbers = [fields["value"], *interval.values()]
    if not all(isinstance(number, str | int | float) and not isinstance(number, bool) for number in numbers):
        raise InvalidInput("value and the interval's ends must be numbers")
    return Claim(
        prediction_id=str(fields["prediction_id"]),
        metric=str(fields["metric"]),
        since=since,
        until=until,
        value=fields["value"],
        model=str(fields["model"]),
        campaign=_text(fields.get("campaign")),
        account=_text(fields.get("account")),
        platform=_text(fields.get("platform")),
        made_at=made_at,
        interval=interval,
    )


def _text(given: Any) -> str | None:
    return None if given in (None, "") else str(given)
