"""Creatives: what they did, which do best, which have worn out."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from adtempo.api.access import READ, Open
from adtempo.api.bodies import TEXT, Amount, Currency, Figures, Number, OfCampaign
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.api.tracking import AsOf, Day
from adtempo.domain.accounts import Platform
from adtempo.domain.metrics import find_metric
from adtempo.tracking.creatives_report import creatives_body, fatigue_body, top_body
from adtempo.tracking.run import CampaignTracker

router = APIRouter(prefix="/api/tracking/creatives", tags=["creatives"], route_class=IdempotentRoute)


class CreativeNamed(BaseModel):
    """A creative in a campaign, and the local days with facts about it."""

    creative_id: str
    platform: Platform
    account_id: str
    campaign_id: str
    currency: Currency
    first_day: date
    last_day: date


class CreativeShown(CreativeNamed, Figures):
    """What a creative did."""


class CreativesShown(BaseModel):
    """Creatives in the order of platform, account, campaign and id."""

    creatives: list[CreativeShown]


class CreativeRanked(CreativeNamed):
    """A creative's place by the metric; amounts are decimal strings."""

    impressions: int | None
    clicks: int | None
    raw: Number | str = Field(description="As reported so far.")
    expected: Number | str = Field(
        description="What it is likely to come to: drawn towards its campaign, the more the less is known."
    )
    low95: Number | str
    high95: Number | str


class Ranking(BaseModel):
    """The best creatives by a metric, by what it is likely to be."""

    metric: str
    creatives: list[CreativeRanked]


class RateShown(BaseModel):
    """Whether a rate has fallen; nulls where too little is known."""

    score: Number = Field(description="0 to 1; flagged from 0.5 on.")
    probability: Number | None = Field(description="That it fell by at least a tenth of its healthy level.")
    healthy: Number | None = Field(description="In percent, before it fell.")
    fall: Number | None = Field(description="Expected share of the healthy rate that is lost.")


class FatigueShown(CreativeNamed):
    """Whether a creative has worn out, what that costs and what to do."""

    fatigued: bool
    fatigue_score: Number
    recommendation: Literal["keep", "rotate", "refresh", "stop"]
    reason: str
    ctr: RateShown
    cvr: RateShown
    siblings_fall: Number | None
    frequency: Number | None
    impressions_daily: Number
    clicks_lost_daily: Number
    loss_daily: Amount
    loss_basis: Literal["value", "cpc", "none"]


class FatigueList(BaseModel):
    """Creatives, the most tired first."""

    creatives: list[FatigueShown]


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_creatives(
    workspace: Open, pager: Paged, campaign: OfCampaign = None, since: Day | None = None, until: Day | None = None
) -> CreativesShown:
    """What each creative did over local days, both inclusive; default: all days with facts."""
    found = CampaignTracker(workspace).aggregate_by_creative(campaign, since, until)
    page = pager.turn(found, lambda one: str(one.creative))
    return CreativesShown.model_validate(creatives_body(page))


@router.get("/top", openapi_extra=READ)
def rank_creatives(
    workspace: Open,
    metric: Annotated[str, Query(max_length=50, pattern=TEXT, examples=["ctr"])] = "roas",
    top: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 10,
    min_impressions: Annotated[int, Query(ge=0, le=10**15, description="Leave out those shown less often.")] = 1000,
    campaign: OfCampaign = None,
    since: Day | None = None,
    until: Day | None = None,
) -> Ranking:
    """The best creatives by a metric, judged by what it is likely to be: one lucky click makes no winner."""
    found = CampaignTracker(workspace).get_top_creatives(
        metric, top=top, impressions_min=min_impressions, campaign_id=campaign, since=since, until=until
    )
    return Ranking.model_validate(top_body(found, find_metric(metric)))


@router.get("/fatigue", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_fatigue(
    workspace: Open,
    pager: Paged,
    campaign: OfCampaign = None,
    day: Annotated[Day | None, Query(alias="date", description="Default: the last day that ended everywhere.")] = None,
    as_of: AsOf = None,
) -> FatigueList:
    """Which creatives have worn out, what that costs a day and what to do, the most tired first."""
    found = CampaignTracker(workspace).get_creative_fatigue(campaign, day, as_of)
    page = pager.turn(found, lambda one: str(one.creative.creative))
    return FatigueList.model_validate(fatigue_body(page))
