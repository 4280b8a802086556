"""Anomalies: what is wrong now, and which hours were unusual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from adtempo.api.access import READ, Open
from adtempo.api.bodies import TEXT, Amount, Currency, Moment, Number, OfCampaign
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.api.tracking import AsOf, Day
from adtempo.domain.accounts import Platform
from adtempo.domain.alerts import Severity
from adtempo.tracking.anomalies import Anomaly, AnomalyKind
from adtempo.tracking.anomalies_report import anomalies_body
from adtempo.tracking.detection import THRESHOLD_STD, load_anomalies, load_unusual_hours

router = APIRouter(prefix="/api/tracking/anomalies", tags=["anomalies"], route_class=IdempotentRoute)

Figure = Amount | Number | None


class AnomalyShown(BaseModel):
    """One thing that looks wrong; amounts are decimal strings."""

    metric: str = Field(description="The metric, or the setting, that shows it.", examples=["spend"])
    kind: AnomalyKind
    severity: Severity
    platform: Platform
    account_id: str
    campaign_id: str | None = Field(description="Null: it is about the whole account.")
    since: Moment
    until: Moment
    actual_value: Figure
    expected_value: Figure = Field(description="What was to be expected, or the limit.")
    z: Number | None = Field(description="Standardised distance of the farthest hour.")
    low80: Figure = Field(description="Of what it will come to; null where it is final.")
    high80: Figure
    money_at_stake: Amount | None = Field(description="What is lost per day if it goes on.")
    currency: Currency | None
    message: str


class AnomaliesShown(BaseModel):
    """Anomalies."""

    anomalies: list[AnomalyShown]


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_anomalies(workspace: Open, pager: Paged, campaign: OfCampaign = None, as_of: AsOf = None) -> AnomaliesShown:
    """What is wrong now and worth an alert, the worst first."""
    found = load_anomalies(workspace, campaign, as_of=as_of)
    return AnomaliesShown.model_validate(anomalies_body(pager.turn(found, _key)))


@dataclass(frozen=True)
class HoursAsked:
    """Which hours, judged how."""

    campaign: OfCampaign = None
    metric: Annotated[
        list[Annotated[str, Field(max_length=50, pattern=TEXT)]] | None,
        Query(description="Default: all; of all campaigns spend and ctr."),
    ] = None
    threshold_std: Annotated[float, Query(gt=0, le=1000, description="How far from what was expected.")] = THRESHOLD_STD
    since: Day | None = None
    until: Day | None = None
    as_of: AsOf = None


@router.get("/hours", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_unusual_hours(workspace: Open, pager: Paged, asked: Annotated[HoursAsked, Depends()]) -> AnomaliesShown:
    """Hours that lie far from what was expected, the newest first; default: the last seven days."""
    found = load_unusual_hours(
        workspace,
        asked.campaign,
        asked.metric,
        asked.threshold_std,
        since=asked.since,
        until=asked.until,
        as_of=asked.as_of,
    )
    return AnomaliesShown.model_validate(anomalies_body(pager.turn(found, _key)))


def _key(one: Anomaly) -> str:
    return f"{one.campaign or one.account}|{one.kind}|{one.metric}|{one.since.isoformat()}"
