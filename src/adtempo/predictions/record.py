"""Taking predictions in: each checked, dated, and kept once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from adtempo.domain.errors import (
    PROBLEMS_SHOWN,
    AdtempoError,
    BadRows,
    Conflict,
    CurrenciesMixed,
    InvalidInput,
    NotFound,
    Problem,
)
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import Unit, find_metric
from adtempo.domain.money import MICROS
from adtempo.domain.predictions import ENDS, Prediction, RecordedPrediction, Scope
from adtempo.predictions.claims import SCOPES, Claim, read_claim, read_rows
from adtempo.store import accounts as stored_accounts
from adtempo.store import predictions as stored
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")


def record_prediction(workspace: Workspace, claim: Claim, *, actor: str) -> RecordedPrediction:
    """Keep a prediction and return it as it is kept; saying the same again changes nothing.

    Raises:
        Conflict: The id is known with another content.
        NotFound: There is no such campaign or account.
        InvalidInput: The window was over when it was made, it was made in the future, or a value is not one.
    """
    return record_predictions(workspace, [claim], actor=actor)[0]


def record_predictions(workspace: Workspace, claims: Sequence[Claim], *, actor: str) -> list[RecordedPrediction]:
    """Keep many predictions, or none, and return them as they are kept, in the same order.

    Raises:
        Conflict: An id is known with another content.
        NotFound: There is no such campaign or account.
        InvalidInput: A window was over when it was predicted, or a value is not one.
    """
    with transaction(workspace.engine) as connection:
        named = [(claim.prediction_id, claim.campaign) for claim in claims]
        register = _Register(connection, workspace.now(), actor, named)
        recorded = [register.take(claim) for claim in claims]
        register.keep()
    return recorded


def record_file(workspace: Workspace, path: Path, *, actor: str) -> list[RecordedPrediction]:
    """Keep all predictions of a file (CSV, or a JSON list, with the fields of a `Claim`), or none.

    Raises:
        InvalidInput: The file cannot be read.
        BadRows: Some rows are not good; nothing is kept.
    """
    rows = list(read_rows(path))
    problems, recorded = [], []
    with transaction(workspace.engine) as connection:
        named = [(str(fields.get("prediction_id") or ""), str(fields.get("campaign") or "")) for _, fields in rows]
        register = _Register(connection, workspace.now(), actor, named)
        for line, fields in rows:
            try:
                recorded.append(register.take(read_claim(fields)))
            except AdtempoError as problem:
                problems.append(Problem(str(path), line, "", problem.message))
        if problems:
            raise BadRows(problems[:PROBLEMS_SHOWN], len(problems))
        register.keep()
    return recorded


class _Register:
    """The predictions of one transaction: what is known, and what is new."""

    def __init__(
        self, connection: Connection, now: datetime, actor: str, named: Sequence[tuple[str, str | None]]
    ) -> None:
        self._connection = connection
        self._now = now
        self._actor = actor
        self._known = stored.load_predictions(connection, {prediction_id for prediction_id, _ in named})
        self._find_campaign = stored_accounts.find_campaigns(connection, {name for _, name in named if name})
        self._accounts = {account.ref: account for account in stored_accounts.load_accounts(connection)}
        self._fresh: dict[str, RecordedPrediction] = {}
        self._places: dict[tuple[str | None, ...], tuple[Scope, list[ZoneInfo]]] = {}

    def take(self, claim: Claim) -> RecordedPrediction:
        """Check a claim, against the rules and against what is known under its id."""
        before = self._known.get(claim.prediction_id) or self._fresh.get(claim.prediction_id)
        key = (claim.campaign, claim.account, claim.platform)
        if key not in self._places:
            self._places[key] = self._find_scope(claim)
        scope, zones = self._places[key]
        unsaid = before.prediction.made_at if before else self._now
        prediction = _read_prediction(claim, scope, claim.made_at or unsaid)
        if before is not None:
            _check_same(prediction, before.prediction)
            return before
        recorded = _date(prediction, zones, self._now, self._actor)
        self._fresh[claim.prediction_id] = recorded
        return recorded

    def keep(self) -> None:
        """Write what is new; another process may have been first, and then it must have said the same."""
        new = stored.insert_predictions(self._connection, self._fresh.values())
        for prediction_id, kept in stored.load_predictions(self._connection, self._fresh.keys() - new).items():
            _check_same(self._fresh[prediction_id].prediction, kept.prediction)

    def _find_scope(self, claim: Claim) -> tuple[Scope, list[ZoneInfo]]:
        """Return what a claim is about, and the zones in which its days are counted."""
        stated = [name for name in SCOPES if getattr(claim, name) is not None]
        if len(stated) != 1:
            raise InvalidInput(f"a prediction is about one of {', '.join(SCOPES)}; state exactly one of them")
        if claim.campaign is not None:
            ref = self._find_campaign(claim.campaign)
            zone = self._accounts[ref.account].zone
            return Scope(ref.platform, ref.account_id, ref.campaign_id), [zone]
        if claim.account is not None:
            account = stored_accounts.find_account(self._connection, claim.account)
            return Scope(account.ref.platform, account.ref.account_id), [account.zone]
        scope = Scope(claim.platform or "")
        accounts = [one for one in self._accounts.values() if one.ref.platform == claim.platform]
        if not accounts:
            raise NotFound(f"there is no account on {claim.platform}; `adtempo accounts list` shows those there are")
        currencies = sorted({account.currency for account in accounts})
        if len(currencies) > 1:
            raise CurrenciesMixed(currencies)
        return scope, [account.zone for account in accounts]


def load_predictions(
    workspace: Workspace, *, campaign: str | None = None, model: str | None = None, limit: int | None = None
) -> list[RecordedPrediction]:
    """Return predictions with their comparisons, the latest window first.

    Raises:
        NotFound: There is no such campaign.
    """
    with reading(workspace.engine) as connection:
        scope = None
        if campaign is not None:
            ref = stored_accounts.find_campaign(connection, campaign)
            scope = Scope(ref.platform, ref.account_id, ref.campaign_id)
        return stored.list_predictions(connection, scope=scope, model=model, limit=limit)


def load_prediction(workspace: Workspace, prediction_id: str) -> RecordedPrediction:
    """Return one prediction.

    Raises:
        NotFound: There is none of this id.
    """
    with reading(workspace.engine) as connection:
        found = stored.load_predictions(connection, [prediction_id])
    if not found:
        raise NotFound(f"there is no prediction {prediction_id!r}")
    return found[prediction_id]


def _read_prediction(claim: Claim, scope: Scope, made_at: datetime) -> Prediction:
    unit = find_metric(claim.metric).unit
    return Prediction(
        prediction_id=claim.prediction_id,
        scope=scope,
        metric=claim.metric,
        since=claim.since,
        until=claim.until,
        value=_read_number(claim.value, unit),
        model=claim.model,
        made_at=made_at.astimezone(UTC),
        interval={end: _read_number(claim.interval[end], unit) for end in ENDS if end in claim.interval},
    )


def _date(prediction: Prediction, zones: Sequence[ZoneInfo], now: datetime, actor: str) -> RecordedPrediction:
    """Hold a prediction to its window: it counts as one only if it was made before the window was over."""
    ends = {zone: day_bounds(prediction.until, zone)[1] for zone in zones}
    first = min(zones, key=lambda zone: ends[zone])
    if prediction.made_at > now:
        raise InvalidInput(f"made_at {prediction.made_at.isoformat()} lies in the future; check its time zone")
    if prediction.made_at >= ends[first]:
        raise InvalidInput(
            f"the window was over at {ends[first].isoformat()}, and this was made at "
            f"{prediction.made_at.isoformat()}: that is no prediction. If it was made earlier, state made_at"
        )
    made_on = prediction.made_at.astimezone(first).date()
    horizon = (prediction.until - made_on).days
    return RecordedPrediction(prediction, now, actor, horizon, late=now >= ends[first])


def _check_same(prediction: Prediction, before: Prediction) -> None:
    if prediction == before:
        return
    changed = [name for name in Prediction.__dataclass_fields__ if getattr(prediction, name) != getattr(before, name)]
    raise Conflict(
        f"prediction {before.prediction_id!r} is known with another {' and '.join(changed)}; predictions are never "
        "changed: record a new one under an id of its own"
    )


def _read_number(given: str | float, unit: Unit) -> float:
    """Read a number in people's units as one in the metric's unit; an amount becomes whole micros."""
    text = given.strip() if isinstance(given, str) else repr(float(given))
    if isinstance(given, str) and not _NUMBER.fullmatch(text):
        raise InvalidInput(f"{given!r} is not a number such as 1234.56")
    if unit is not Unit.MICROS:
        return float(text)
    amount = Decimal(text) * MICROS
    return float(round(amount)) if amount.is_finite() else float(text)
