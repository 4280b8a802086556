"""Forecasts as pictures, for reports, mails and pages elsewhere; their numbers stand beside them under /data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from adtempo.api.access import READ, Open
from adtempo.api.bodies import TEXT
from adtempo.charts.said import picture_said
from adtempo.forecasts.run import Forecaster

router = APIRouter(prefix="/api/ml-dashboard", tags=["forecasts"])

MEDIA = {"png": "image/png", "svg": "image/svg+xml"}

PICTURE: dict[str, Any] = {
    "openapi_extra": READ,
    "response_class": Response,
    "responses": {
        200: {"description": "The picture.", "content": {kind: {} for kind in MEDIA.values()}},
        304: {"description": "It has not changed since the ETag that was sent as If-None-Match."},
    },
}


class PictureAsked(BaseModel):
    """Of what, and how it should look."""

    format: Literal["png", "svg"] = Field(default="png", description="PNGs have twice the size, for dense screens.")
    theme: Literal["light", "dark"] = "light"
    width: int = Field(default=640, ge=320, le=1600, description="Pixels.")
    height: int | None = Field(default=None, ge=120, le=1200, description="Pixels; default: as the content needs.")
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", description="Default: the first by name.")


class ChannelPictureAsked(PictureAsked):
    """Of which channel, and how it should look."""

    channel: str | None = Field(default=None, max_length=100, pattern=TEXT, description="Only this channel.")


@router.get("/roi-forecast/chart", **PICTURE)
def roi_forecast_chart(request: Request, workspace: Open, asked: Annotated[ChannelPictureAsked, Query()]) -> Response:
    """ROI of the next 7 and 28 days as bars with their intervals."""
    return _answer(request, Forecaster(workspace).roi_forecast(channel=asked.channel), asked)


@router.get("/roi-timeseries/chart", **PICTURE)
def roi_timeseries_chart(request: Request, workspace: Open, asked: Annotated[ChannelPictureAsked, Query()]) -> Response:
    """ROI and conversions by day as lines, with forecast fans and what is still arriving marked."""
    return _answer(request, Forecaster(workspace).roi_timeseries(channel=asked.channel), asked)


@router.get("/reach-ctr/chart", **PICTURE)
def reach_ctr_chart(request: Request, workspace: Open, asked: Annotated[ChannelPictureAsked, Query()]) -> Response:
    """Reach, or impressions, and CTR by day as lines, with forecast fans."""
    return _answer(request, Forecaster(workspace).reach_ctr(channel=asked.channel), asked)


@router.get("/budget-recommendation/chart", **PICTURE)
def budget_recommendation_chart(request: Request, workspace: Open, asked: Annotated[PictureAsked, Query()]) -> Response:
    """Each campaign's day, from today's money to what is proposed."""
    return _answer(request, Forecaster(workspace).budget_recommendation(), asked)


@dataclass(frozen=True)
class _Picture:
    """What is to be drawn; two that say and look the same are the same."""

    digest: str
    said: Sequence[Any] = field(compare=False)
    asked: PictureAsked = field(compare=False)


@lru_cache(maxsize=64)
def _draw(picture: _Picture) -> bytes:
    look = picture.asked.model_dump(include={"currency", "theme", "width", "height"})
    return picture_said(picture.said, picture.asked.format, **look)


def _answer(request: Request, said: Sequence[Any], asked: PictureAsked) -> Response:
    # A picture is a function of these: whoever has it, and we ourselves, need not draw it again.
    content = repr((version("adtempo"), version("vl-convert-python"), said, asked))
    picture = _Picture(hashlib.sha256(content.encode()).hexdigest()[:32], said, asked)
    headers = {"ETag": f'"{picture.digest}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(_draw(picture), media_type=MEDIA[asked.format], headers=headers)
